#include <gmock/gmock.h>

#include "autotune/report.hpp"
#include "vocabulary/json.hpp"

namespace autotune {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const SurveyedMeter no_rapl{.source = EnergySource::rapl,
                            .scope = EnergyScope::cpu_package,
                            .reason = "/sys/class/powercap is not there",
                            .remedy = "Run on the host."};

MeterInfo modelled() {
  return {.source = EnergySource::modelled,
          .scope = EnergyScope::cpu_package,
          .kind = ReadingKind::watts,
          .note = "constant 10 W"};
}

/// A CPU without counters.
Checkup example_checkup() {
  SurveyedMeter no_memory = no_rapl;
  no_memory.scope = EnergyScope::dram;
  return {.device = {.name = "AMD EPYC", .id = "cpu", .cores = 2, .features = {"avx2"}},
          .meters = {no_rapl,
                     no_memory,
                     {.source = EnergySource::modelled,
                      .scope = EnergyScope::cpu_package,
                      .usable = true,
                      .reason = "constant 10 W"}},
          .chosen = modelled(),
          .watch = {.waited = true, .stolen = true}};
}

/// What a healthy card shows.
MeterFacts example_facts() {
  return {.source = EnergySource::nvml_counter,
          .scope = EnergyScope::gpu,
          .claimable = true,
          .note = "NVIDIA H100",
          .advances = true,
          .ticks = 29,
          .update_period_ms = 100,
          .load_watts = 320.1,
          .idle_watts = 80,
          .instant_watts = 320.42,
          .phase_spread = 0.01,
          .call_p50_us = 12.3,
          .call_p99_us = 41,
          .seconds = 14.2};
}

TEST(CheckupTable, ReadsAsDocumented) {
  EXPECT_EQ(table(example_checkup()), R"(cpu: AMD EPYC (2 cores, avx2)

 meter               scope        usable  claimable
 rapl                cpu_package  no      no         /sys/class/powercap is not there
 rapl                dram         no      no         /sys/class/powercap is not there
     Run on the host.
 modelled            cpu_package  yes     no         constant 10 W

 --meter auto takes modelled (scope cpu_package)
 no counter of this device works, so every figure will be time in disguise, not measured energy
 foreign load: schedstat, stolen time; not told: pressure stall information
     Boot with psi=1 to see the pressure on the CPUs.
)");
}

TEST(CheckupTable, SaysThatANamedMeterDoesNotWork) {
  Checkup checkup = example_checkup();
  checkup.choice = "rapl";
  checkup.chosen.reset();
  EXPECT_THAT(table(checkup),
              AllOf(HasSubstr("--meter rapl does not work here"), Not(HasSubstr("disguise"))));
}

TEST(CheckupTable, DoesNotSayThatCountersFailWhereTheUserWantsNone) {
  Checkup checkup = example_checkup();
  checkup.choice = "modelled";
  EXPECT_THAT(table(checkup),
              AllOf(HasSubstr("every figure will be time in disguise"), Not(HasSubstr("works"))));
}

TEST(CheckupTable, NamesWhatAGpuDoesNotTell) {
  Checkup checkup = example_checkup();
  checkup.watch.gpu = GpuWatchSurvey{.temperature = true};
  EXPECT_THAT(table(checkup),
              HasSubstr("GPU:          temperature; not told: throttle counters, SM clock"));
}

TEST(CheckupJson, HasNullForWhatIsNotThere) {
  const Json json = Json::parse(to_json(example_checkup()));
  EXPECT_EQ(json.at("device").at("id"), "cpu");
  EXPECT_EQ(json.at("meters").size(), 3u);
  EXPECT_EQ(json.at("meters").at(0).at("remedy"), "Run on the host.");
  EXPECT_EQ(json.at("meter").at("source"), "modelled");
  EXPECT_EQ(json.at("watch").at("schedstat"), true);
  EXPECT_EQ(json.at("watch").at("pressure"), false);
  EXPECT_TRUE(json.at("watch").at("temperature").is_null());
  EXPECT_TRUE(json.at("self_test").is_null());
}

TEST(CheckupJson, ListsTheFactsOfEachSelfTest) {
  Checkup checkup = example_checkup();
  checkup.self_tests = {example_facts()};
  const Json json = Json::parse(to_json(checkup));
  EXPECT_EQ(json.at("self_test").at(0).at("update_period_ms"), 100);
}

TEST(SelfTestExplanation, ReadsAsDocumented) {
  EXPECT_EQ(explanation(example_facts()),
            R"( nvml_counter (scope gpu; NVIDIA H100), tested for 14.2 s
   movement   the counter moves every 100 ms under load, the median of 29 changes
   power      80.0 W at rest, 320.1 W under load
   agreement  0.1 % below instant power, 320.4 W for the same load; 2 % are tolerated
   sampling   all of the time is seen: a pulsed load differs by 1.0 % with its phase
   a call     takes 12.3 µs, the slowest of a hundred 41 µs
   verdict    may be believed, and what it reads may be claimed
)");
}

TEST(SelfTestExplanation, WarnsOfASensorThatSeesOnlyAPartOfTheTime) {
  MeterFacts facts = example_facts();
  facts.phase_spread = 0.67;
  EXPECT_THAT(explanation(facts), AllOf(HasSubstr("only a part of the time is seen"),
                                        HasSubstr("differs by 67 % with its phase")));
}

TEST(SelfTestExplanation, GivesEveryReasonToDisbelieve) {
  MeterFacts facts = example_facts();
  facts.failures = {"the counter stood still for 0.6 s under load", "30 of 100 readings failed"};
  facts.advances = false;
  facts.load_watts.reset();
  EXPECT_THAT(explanation(facts),
              AllOf(HasSubstr("must not be believed: the counter stood still for 0.6 s under load; "
                              "30 of 100 readings failed"),
                    HasSubstr("the counter stood still or gave no readings"),
                    HasSubstr("not known under load"), Not(HasSubstr("may be believed"))));
}

TEST(SelfTestExplanation, SaysWhatWasNotTried) {
  MeterFacts facts = example_facts();
  facts.instant_watts.reset();
  facts.phase_spread.reset();
  EXPECT_THAT(explanation(facts), AllOf(HasSubstr("not compared"), HasSubstr("not tried")));
}

TEST(SelfTestExplanation, DoesNotBlameInstantPowerWhereTheCounterIsSilent) {
  MeterFacts facts = example_facts();
  facts.load_watts.reset();
  EXPECT_THAT(explanation(facts), HasSubstr("instant power is 320.4 W, the counter gives none"));
}

TEST(SelfTestExplanation, OfPowerHasNeitherMovementNorAgreement) {
  MeterFacts facts = example_facts();
  facts.source = EnergySource::nvml_power_instant;
  facts.claimable = false;
  EXPECT_THAT(explanation(facts),
              AllOf(HasSubstr("it shows power, which is integrated"), Not(HasSubstr("agreement")),
                    HasSubstr("may not be claimed")));
}

}  // namespace
}  // namespace autotune
