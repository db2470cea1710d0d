#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "autotune/error.hpp"
#include "energy/meters.hpp"
#include "energy/rapl_zones.hpp"
#include "fakes/environment.hpp"
#include "fakes/file_tree.hpp"
#include "fakes/without_root.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PowercapTree;
using testing::ScopedEnvironment;
using testing::WithoutRoot;

constexpr std::uint64_t joule = 1'000'000;

std::vector<std::string> domains(const std::vector<RaplZone>& zones) {
  std::vector<std::string> names;
  for (const auto& zone : zones) names.push_back(zone.domain);
  return names;
}

TEST(RaplZones, TakesPackagesAndTheirMemoryAndNoParts) {
  const PowercapTree tree;
  tree.write("intel-rapl/enabled", "1\n");
  tree.add_zone("intel-rapl:0", "package-0", joule);
  tree.add_zone("intel-rapl:0:0", "core", joule);
  tree.add_zone("intel-rapl:0:1", "uncore", joule);
  tree.add_zone("intel-rapl:0:2", "dram", joule);
  tree.add_zone("intel-rapl:1", "package-1", joule);
  tree.add_zone("intel-rapl:1:0", "dram", joule);
  tree.add_zone("intel-rapl:2", "psys", joule);
  const RaplZones zones = find_rapl_zones(tree.root());
  EXPECT_THAT(domains(zones.packages), ElementsAre("package-0", "package-1"));
  EXPECT_THAT(domains(zones.dram), ElementsAre("package-0/dram", "package-1/dram"));
}

TEST(RaplZones, CountsADomainOnceThatShowsByMsrAndByMmio) {
  const PowercapTree tree;
  tree.add_zone("intel-rapl-mmio:0", "package-0", 5 * joule);
  tree.add_zone("intel-rapl-mmio:0:0", "dram", 5 * joule);
  tree.add_zone("intel-rapl:0", "package-0", joule);
  tree.add_zone("intel-rapl:0:0", "dram", joule);
  const RaplZones zones = find_rapl_zones(tree.root());
  ASSERT_THAT(domains(zones.packages), ElementsAre("package-0"));
  EXPECT_EQ(zones.packages[0].folder.filename(), "intel-rapl:0");
  EXPECT_THAT(domains(zones.dram), ElementsAre("package-0/dram"));
}

TEST(RaplZones, CountsADomainOnceThatShowsBesideAndInsideItsParent) {
  const PowercapTree tree;
  tree.add_zone("intel-rapl/intel-rapl:0", "package-0", joule);
  tree.add_zone("intel-rapl/intel-rapl:0/intel-rapl:0:0", "dram", joule);
  tree.add_zone("intel-rapl:0", "package-0", joule);
  tree.add_zone("intel-rapl:0:0", "dram", joule);
  const RaplZones zones = find_rapl_zones(tree.root());
  EXPECT_THAT(domains(zones.packages), ElementsAre("package-0"));
  EXPECT_THAT(domains(zones.dram), ElementsAre("package-0/dram"));
}

TEST(RaplZones, SumsTheDiesOfAPackage) {
  const PowercapTree tree;
  tree.add_zone("intel-rapl:0", "package-0-die-0", joule);
  tree.add_zone("intel-rapl:1", "package-0-die-1", joule);
  EXPECT_THAT(domains(find_rapl_zones(tree.root()).packages),
              ElementsAre("package-0-die-0", "package-0-die-1"));
}

TEST(RaplZones, HasNoPackageWithoutARangeForItsWraps) {
  const PowercapTree tree;
  tree.write("intel-rapl:0/name", "package-0\n");
  tree.set_energy("intel-rapl:0", joule);
  const RaplZones zones = find_rapl_zones(tree.root());
  EXPECT_TRUE(zones.packages.empty());
  EXPECT_THAT(zones.problem, HasSubstr("max_energy_range_uj"));
}

TEST(RaplZones, HasNoneRatherThanASumOverThePackagesThatAreReadable) {
  const PowercapTree tree;
  tree.add_zone("intel-rapl:0", "package-0", joule);
  tree.write("intel-rapl:1/name", "package-1\n");
  const RaplZones zones = find_rapl_zones(tree.root());
  EXPECT_TRUE(zones.packages.empty());
  EXPECT_THAT(zones.problem, HasSubstr("intel-rapl:1/energy_uj: No such file"));
}

/// A machine with one package and no GPU.
class RaplMeter : public ::testing::Test {
 protected:
  RaplMeter() { tree_.add_zone("intel-rapl:0", "package-0", 100 * joule, 1000 * joule); }

  std::vector<std::unique_ptr<EnergyMeter>> open(MeterChoice choice = MeterChoice::any) {
    return open_meters({.choice = choice}, warnings_);
  }

  PowercapTree tree_;
  ScopedEnvironment environment_{{"AUTOTUNE_POWERCAP_ROOT", tree_.root().string()},
                                 {"AUTOTUNE_NVML_LIBRARY", std::nullopt}};
  std::vector<std::string> warnings_;
};

TEST_F(RaplMeter, SumsPackagesAndListsTheirMemoryBeside) {
  tree_.add_zone("intel-rapl:1", "package-1", 20 * joule);
  tree_.add_zone("intel-rapl:0:0", "dram", 3 * joule);
  const auto meters = open();
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0]->info().source, EnergySource::rapl);
  EXPECT_EQ(meters[0]->info().scope, EnergyScope::cpu_package);
  EXPECT_DOUBLE_EQ(meters[0]->read()->value, 120);
  EXPECT_EQ(meters[1]->info().scope, EnergyScope::dram);
  EXPECT_DOUBLE_EQ(meters[1]->read()->value, 3);
  EXPECT_FALSE(meters[0]->info().claimable) << "read from a named folder";
  EXPECT_TRUE(warnings_.empty());
}

/// A package whose two dies show `first` and `second` joules; the zone of the fixture goes.
class RaplDies : public RaplMeter {
 protected:
  RaplDies() { std::filesystem::remove_all(tree_.root() / "intel-rapl:0"); }

  void add(std::uint64_t first, std::uint64_t second) {
    tree_.add_zone("intel-rapl:0", "package-0-die-0", first * joule, 1000 * joule);
    tree_.add_zone("intel-rapl:1", "package-0-die-1", second * joule, 1000 * joule);
  }

  /// Joules from `before` until the meter has read the dies often enough to tell them apart.
  double read_apart(EnergyMeter& meter, double before) {
    double value = 0;
    for (int reading = 0; reading < 5; ++reading) value = meter.read()->value;
    return value - before;
  }
};

TEST_F(RaplDies, AreCountedOnceWhereTheyShowOneCounter) {
  add(100, 100);
  const auto meter = std::move(open().front());
  EXPECT_DOUBLE_EQ(meter->read()->value, 100);
  add(120, 120);
  EXPECT_DOUBLE_EQ(meter->read()->value, 120);
  add(5, 5);  // Both wrap.
  EXPECT_DOUBLE_EQ(meter->read()->value, 1005);
}

TEST_F(RaplDies, AreCountedOnceWhereOneIsReadAMomentLater) {
  constexpr std::uint64_t moment_uj = 7'000;  // 20 W for 350 µs.
  const auto show = [&](std::uint64_t joules) {
    add(joules, joules);
    tree_.set_energy("intel-rapl:1", joules * joule + moment_uj);
  };
  show(100);
  const auto meter = std::move(open().front());
  const double before = meter->read()->value;
  for (const std::uint64_t joules : {110, 120, 130, 140, 150}) {
    show(joules);
    EXPECT_DOUBLE_EQ(meter->read()->value - before, static_cast<double>(joules - 100));
  }
}

TEST_F(RaplDies, AreSaidToShowOneCounter) {
  add(100, 100);
  EXPECT_THAT(open().front()->info().note,
              AllOf(HasSubstr("package-0-die-1 shows the same as package-0-die-0: counted once"),
                    Not(HasSubstr("die-0 + package"))));
}

TEST_F(RaplDies, AreSummedWhereEachHasACounter) {
  add(100, 60);
  const auto meter = std::move(open().front());
  EXPECT_EQ(meter->info().note.find("counted once"), std::string::npos);
  EXPECT_DOUBLE_EQ(meter->read()->value, 160);
  add(110, 80);
  EXPECT_DOUBLE_EQ(meter->read()->value, 190);
}

TEST_F(RaplDies, AreSummedOnceTheyPartThatStoodStillAtTheSameValue) {
  add(100, 100);
  const auto meter = std::move(open().front());
  const double before = meter->read()->value;
  add(110, 130);
  EXPECT_DOUBLE_EQ(read_apart(*meter, before), 40);
}

TEST_F(RaplDies, HaveOneLimitWhereTheyShowOneCounter) {
  add(100, 100);
  for (const std::string zone : {"intel-rapl:0", "intel-rapl:1"}) {
    tree_.write(zone + "/constraint_0_power_limit_uw", "125000000\n");
  }
  EXPECT_EQ(open().front()->info().most_watts, 125);
}

TEST_F(RaplMeter, GoesOnRisingWhenTheCounterWraps) {
  tree_.set_energy("intel-rapl:0", 990 * joule);
  const auto meter = std::move(open().front());
  EXPECT_DOUBLE_EQ(meter->read()->value, 990);
  tree_.set_energy("intel-rapl:0", 5 * joule);
  EXPECT_DOUBLE_EQ(meter->read()->value, 1005);
  tree_.set_energy("intel-rapl:0", 7 * joule);
  EXPECT_DOUBLE_EQ(meter->read()->value, 1007);
}

TEST_F(RaplMeter, FallsAfterAResetSoThatTheWindowIsVoid) {
  tree_.add_zone("intel-rapl:0", "package-0", 50'000 * joule, 262'000 * joule);
  const auto meter = std::move(open().front());
  const auto before = meter->read();
  tree_.set_energy("intel-rapl:0", 10 * joule);  // as a wrap it would be 212 kJ in no time
  EXPECT_LT(meter->read()->value, before->value);
}

TEST_F(RaplMeter, HasNoReadingOnceTheCounterIsGone) {
  const auto meter = std::move(open().front());
  std::filesystem::remove(tree_.root() / "intel-rapl:0/energy_uj");
  EXPECT_FALSE(meter->read());
}

TEST_F(RaplMeter, FailsByNameWithTheWayToMakeCountersReadable) {
  std::filesystem::remove(tree_.root() / "intel-rapl:0/energy_uj");
  try {
    const auto meters = open(MeterChoice::rapl);
    FAIL() << "opened " << meters.size();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::meter);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("intel-rapl:0/energy_uj"), HasSubstr("chmod a+r")));
  }
}

TEST_F(RaplMeter, NamesPermissionDeniedForAnOrdinaryUser) {
  chmod(tree_.root().c_str(), 0755);
  chmod((tree_.root() / "intel-rapl:0/energy_uj").c_str(), 0200);
  const WithoutRoot ordinary_user;
  if (!ordinary_user) GTEST_SKIP() << "root cannot become anybody else here";
  EXPECT_THAT(find_rapl_zones(tree_.root()).problem, HasSubstr("Permission denied"));
}

TEST_F(RaplMeter, RefusesACounterThatStandsAtZero) {
  tree_.set_energy("intel-rapl:0", 0);
  const auto meters = open();
  EXPECT_EQ(meters.front()->info().source, EnergySource::modelled);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("stands at 0"), HasSubstr("energy is modelled")));
}

TEST_F(RaplMeter, IsShownBesideTheGpusAndNeverRanksIt) {
  environment_.set("AUTOTUNE_NVML_LIBRARY", FAKE_NVML);
  const auto meters = open_meters({.device_is_gpu = true}, warnings_);
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0]->info().source, EnergySource::nvml_counter);
  EXPECT_EQ(meters[1]->info().source, EnergySource::rapl);
}

TEST_F(RaplMeter, DoesNotRankAGpuWhoseOwnEnergyIsUnknown) {
  environment_.set("AUTOTUNE_NVML_LIBRARY", "/nowhere/libnvidia-ml.so.1");
  const auto meters = open_meters({.device_is_gpu = true}, warnings_);
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[0]->info().source, EnergySource::modelled);
  EXPECT_EQ(meters[1]->info().source, EnergySource::rapl);
}

TEST_F(RaplMeter, TellsWhatAllPackagesCanDrawForAMinute) {
  tree_.write("intel-rapl:0/constraint_0_power_limit_uw", "125000000\n");
  tree_.write("intel-rapl:0/constraint_1_power_limit_uw", "253000000\n");
  tree_.write("intel-rapl:0/constraint_2_power_limit_uw", "500000000\n");
  EXPECT_EQ(open().front()->info().most_watts, 253);
  tree_.add_zone("intel-rapl:1", "package-1", joule);
  tree_.write("intel-rapl:1/constraint_0_power_limit_uw", "100000000\n");
  EXPECT_EQ(open().front()->info().most_watts, 353);
}

TEST_F(RaplMeter, TellsNoLimitWhereAPackageHasNoneOrDoesNotHoldIt) {
  EXPECT_EQ(open().front()->info().most_watts, std::nullopt);
  tree_.write("intel-rapl:0/constraint_0_power_limit_uw", "125000000\n");
  tree_.write("intel-rapl:0/enabled", "0\n");
  EXPECT_EQ(open().front()->info().most_watts, std::nullopt);
}

}  // namespace
}  // namespace autotune
