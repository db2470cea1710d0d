#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/inventory.hpp"
#include "fakes/file_tree.hpp"

namespace autotune {
namespace {

using ::testing::ElementsAre;
using testing::FileTree;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto sapphire_rapids = R"(processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 143
model name	: Intel(R) Xeon(R) Platinum 8480+
flags		: fpu sse4_2 avx f16c fma avx2 avx512f avx512_vnni avx512_bf16 amx_tile amx_int8

processor	: 1
model name	: something else
)";

TEST(CpuDevice, ReadsNameFlagsAndMemory) {
  const FileTree tree;
  tree.write("proc/cpuinfo", sapphire_rapids);
  tree.write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\n");
  const Device cpu = cpu_device(tree.root(), 8);
  EXPECT_EQ(cpu.kind, DeviceKind::cpu);
  EXPECT_EQ(cpu.id, "cpu");
  EXPECT_EQ(cpu.name, "Intel(R) Xeon(R) Platinum 8480+");
  EXPECT_EQ(cpu.cores, 8);
  EXPECT_EQ(cpu.memory_bytes, 16ull << 30);
  EXPECT_THAT(cpu.features, ElementsAre("sse4_2", "avx", "avx2", "fma", "f16c", "avx512f",
                                        "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8"));
}

TEST(CpuDevice, IsLimitedByItsControlGroup) {
  const FileTree tree;
  tree.write("proc/cpuinfo", sapphire_rapids);
  tree.write("proc/meminfo", "MemTotal: 16777216 kB\n");
  tree.write("proc/self/cgroup", "0::/\n");
  tree.write("sys/fs/cgroup/cpu.max", "300000 100000\n");
  tree.write("sys/fs/cgroup/memory.max", "1073741824\n");
  const Device cpu = cpu_device(tree.root(), 8);
  EXPECT_EQ(cpu.cores, 3);
  EXPECT_EQ(cpu.memory_bytes, 1ull << 30);
}

TEST(CpuDevice, IgnoresAMemoryLimitAboveTheMachine) {
  const FileTree tree;
  tree.write("proc/meminfo", "MemTotal: 1024 kB\n");
  tree.write("proc/self/cgroup", "1:memory:/\n");
  tree.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(cpu_device(tree.root(), 1).memory_bytes, 1u << 20);
}

TEST(CpuDevice, KeysIdentityToModelCoresAndFlagsAlone) {
  const FileTree tree;
  tree.write("proc/cpuinfo", sapphire_rapids);
  const HardwareKey key = cpu_device(tree.root(), 2).key;
  EXPECT_EQ(key.identity.at("kind"), "cpu");
  EXPECT_EQ(key.identity.at("cores"), "2");
  EXPECT_EQ(key.identity.at("cpu_model"), "143");
  EXPECT_EQ(key.identity.count("memory_mib"), 0u);
}

TEST(CpuDevice, NamesAnArmCpuByItsNumbers) {
  const FileTree tree;
  tree.write("proc/cpuinfo",
             "processor\t: 0\nFeatures\t: fp asimd asimdhp sve bf16\n"
             "CPU implementer\t: 0x41\nCPU part\t: 0xd4f\n");
  const Device cpu = cpu_device(tree.root(), 4);
  EXPECT_EQ(cpu.name, "ARM CPU, implementer 0x41 part 0xd4f");
  EXPECT_THAT(cpu.features, ElementsAre("asimd", "asimdhp", "bf16", "sve"));
}

TEST(CpuDevice, OfThisMachineHasCoresMemoryAndARecord) {
  const Device cpu = cpu_device();
  EXPECT_GE(cpu.cores, 1);
  EXPECT_GT(cpu.memory_bytes, 0u);
  EXPECT_THAT(cpu.key.record.at("kernel"), Not(IsEmpty()));
  EXPECT_THAT(cpu.key.conditions.at("autotune"), Not(IsEmpty()));
}

}  // namespace
}  // namespace autotune
