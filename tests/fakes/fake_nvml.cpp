// An NVML library without a GPU: a bench whose counter ticks, samples, heats and fails as real ones
// do (nvml_bench.hpp). Driven by the environment, read at nvmlInit:
//   FAKE_NVML_SCENARIO=NAME    a fault by name (nvml_bench.cpp), the others on top
//   FAKE_NVML_INIT=CODE        what nvmlInit answers (0)
//   FAKE_NVML_DEVICES=N        GPUs (1)
//   FAKE_NVML_NAMES=A;B        their names (Fake GPU 0; …)
//   FAKE_NVML_WATTS=300;120    their constant power (250)
//   FAKE_NVML_PERIOD_MS=MS     the counter latches so often (100)
//   FAKE_NVML_COUNTER=WORD     ticking, frozen (never moves) or zero (ticking)
//   FAKE_NVML_REFUSE=A,B       calls that answer not supported: energy, total, instant, average,
//                              usage, module, pci, handle, throttle, temperature, clock, processes
//   FAKE_NVML_WATTS_FILE=PATH   lines `nanoseconds watts` of the monotonic clock, which a worker
//                              appends: what the GPUs draw from then on
//   FAKE_NVML_PIDS=A,B         processes that compute on every GPU, beside the scenario's
//   FAKE_NVML_MIG=1            every GPU is cut into instances
// Time is the machine's monotonic clock, or a test's own (virtual_nvml.hpp).
// Built with FAKE_NVML_OLD it is the library of a driver that has no fields and no MIG.
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

#include "fakes/fake_gpu.hpp"

using namespace autotune::nvml;
using autotune::testing::FakeGpu;
using autotune::testing::NvmlBench;

namespace {

struct FakeDevice {
  std::unique_ptr<FakeGpu> gpu;
  bool instance = false;
};

std::mutex mutex;  // NVML is safe to call from several threads, so its stand-in is.
NvmlBench bench;
std::vector<FakeDevice> devices;
std::vector<FakeDevice> instances;
std::uint64_t (*virtual_now_ns)() = nullptr;
void (*virtual_sleep_ns)(std::uint64_t) = nullptr;

double now() {
  if (virtual_now_ns != nullptr) return static_cast<double>(virtual_now_ns()) * 1e-9;
  using Seconds = std::chrono::duration<double>;
  return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void take_as_long_as_said() {
  if (bench.slow_call_s <= 0) return;
  if (virtual_sleep_ns != nullptr) {
    virtual_sleep_ns(static_cast<std::uint64_t>(bench.slow_call_s * 1e9));
  } else {
    std::this_thread::sleep_for(std::chrono::duration<double>(bench.slow_call_s));
  }
}

Return start() {
  const std::lock_guard lock(mutex);
  try {
    bench = autotune::testing::bench_from_environment();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fake NVML: %s\n", error.what());
    return Return::unknown;
  }
  devices.clear();
  instances.clear();
  for (unsigned i = 0; i < bench.devices; ++i) {
    devices.push_back({std::make_unique<FakeGpu>(bench, i, now()), false});
    instances.push_back({std::make_unique<FakeGpu>(bench, i, now()), true});
  }
  return static_cast<Return>(bench.init);
}

bool refuses(const char* call) { return bench.refused.count(call) > 0; }

const FakeDevice& from(Handle handle) { return *reinterpret_cast<const FakeDevice*>(handle); }
/// Takes what a worker has written of its power since the last call.
void read_watts() {
  static const char* const path = std::getenv("FAKE_NVML_WATTS_FILE");
  static std::streamoff taken = 0;
  static std::mutex reading;  // Callers may hold the other one.
  if (path == nullptr) return;
  const std::lock_guard lock(reading);
  std::ifstream file(path);
  file.seekg(taken);
  for (std::string line; std::getline(file, line) && !file.eof();) {
    long long nanoseconds = 0;
    double watts = 0;
    if (std::sscanf(line.c_str(), "%lld %lf", &nanoseconds, &watts) == 2) {
      for (FakeDevice& device : devices) {
        device.gpu->trace().set_watts(static_cast<double>(nanoseconds) * 1e-9, watts);
      }
    }
    taken = file.tellg();
  }
}

FakeGpu& gpu_of(Handle handle) {
  read_watts();
  return *from(handle).gpu;
}
Handle to_handle(FakeDevice& device) { return reinterpret_cast<Handle>(&device); }

/// What a call that reads something of the moment answers.
Return state_of(Handle device, const char* call) {
  if (gpu_of(device).lost(now())) return Return::gpu_is_lost;
  return refuses(call) ? Return::not_supported : Return::success;
}

Return copy_text(const std::string& text, char* out, unsigned size) {
  if (text.size() + 1 > size) return Return::insufficient_size;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return Return::success;
}

}  // namespace

#define FAKE_NVML_API extern "C" __attribute__((visibility("default")))

/// Hands the library a test's clock; null pointers give it back the machine's.
FAKE_NVML_API void fake_nvml_set_clock(std::uint64_t (*now_ns)(), void (*sleep_ns)(std::uint64_t)) {
  virtual_now_ns = now_ns;
  virtual_sleep_ns = sleep_ns;
}

/// Every GPU draws so much from now on.
FAKE_NVML_API void fake_nvml_set_watts(double watts) {
  const std::lock_guard lock(mutex);
  for (const FakeDevice& device : devices) device.gpu->trace().set_watts(now(), watts);
}

/// What the GPU on a PCI bus has really drawn, whatever its counter shows.
FAKE_NVML_API double fake_nvml_true_joules(unsigned bus) {
  const std::lock_guard lock(mutex);
  for (const FakeDevice& device : devices) {
    if (device.gpu->bus() == bus) return device.gpu->trace().joules(now());
  }
  return 0;
}

#ifdef FAKE_NVML_OLD
FAKE_NVML_API Return nvmlInit() { return start(); }
#else
FAKE_NVML_API Return nvmlInit_v2() { return start(); }
#endif

FAKE_NVML_API Return nvmlShutdown() { return Return::success; }

FAKE_NVML_API Return nvmlSystemGetDriverVersion(char* text, unsigned size) {
  return copy_text("580.65.06", text, size);
}

FAKE_NVML_API Return nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 13000;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(devices.size());
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle* device) {
  if (index >= devices.size()) return Return::invalid_argument;
  if (refuses("handle")) return Return::no_permission;
  *device = to_handle(devices[index]);
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetName(Handle device, char* text, unsigned size) {
  const char* profile = from(device).instance ? " MIG 1g.10gb" : "";
  return copy_text(gpu_of(device).name() + profile, text, size);
}

FAKE_NVML_API Return nvmlDeviceGetUUID(Handle device, char* text, unsigned size) {
  std::snprintf(text, size, "GPU-%08u-fake", gpu_of(device).index());
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetVbiosVersion(Handle, char* text, unsigned size) {
  return copy_text("96.00.74.00.01", text, size);
}

FAKE_NVML_API Return nvmlDeviceGetPciInfo_v3(Handle device, PciInfo* pci) {
  if (refuses("pci")) return Return::not_supported;
  *pci = {};
  pci->bus = gpu_of(device).bus();
  pci->device_and_vendor = 0x233010de;
  pci->subsystem = 0x16c110de;
  std::snprintf(pci->bus_id, sizeof pci->bus_id, "00000000:%02X:00.0", pci->bus);
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetMemoryInfo(Handle device, Memory* memory) {
  *memory = {};
  memory->total = (from(device).instance ? 9'984ull : 81'559ull) << 20;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetCudaComputeCapability(Handle, int* major, int* minor) {
  *major = 9;
  *minor = 0;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetNumGpuCores(Handle, unsigned* cores) {
  *cores = 16'896;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetPowerManagementLimit(Handle, unsigned* milliwatts) {
  *milliwatts = 700'000;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetEccMode(Handle, unsigned* current, unsigned* pending) {
  *current = *pending = 1;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetTotalEnergyConsumption(Handle device, unsigned long long* mj) {
  const std::lock_guard lock(mutex);
  take_as_long_as_said();
  *mj = static_cast<unsigned long long>(gpu_of(device).millijoules(now()));
  return state_of(device, "total");
}

FAKE_NVML_API Return nvmlDeviceGetPowerUsage(Handle device, unsigned* milliwatts) {
  const std::lock_guard lock(mutex);
  take_as_long_as_said();
  *milliwatts = static_cast<unsigned>(std::lround(gpu_of(device).average_milliwatts(now())));
  return state_of(device, "usage");
}

FAKE_NVML_API Return nvmlDeviceGetClockInfo(Handle device, unsigned, unsigned* mhz) {
  *mhz = bench.sm_clock_mhz;
  return state_of(device, "clock");
}

namespace {

Return list_processes(Handle device, unsigned* count, ProcessInfo* processes) {
  std::vector<unsigned> pids = bench.foreign_pids;
  pids.push_back(static_cast<unsigned>(::getpid()));
  const char* const named = std::getenv("FAKE_NVML_PIDS");
  std::istringstream more(named != nullptr ? named : "");
  for (std::string pid; std::getline(more, pid, ',');)
    pids.push_back(static_cast<unsigned>(std::stoul(pid)));
  const auto room = *count;
  *count = static_cast<unsigned>(pids.size());
  if (room < pids.size()) return Return::insufficient_size;
  for (std::size_t i = 0; i < pids.size(); ++i) processes[i] = {pids[i], 1u << 30, ~0u, ~0u};
  return state_of(device, "processes");
}

}  // namespace

#ifdef FAKE_NVML_OLD

FAKE_NVML_API Return nvmlDeviceGetTemperature(Handle device, unsigned, unsigned* celsius) {
  *celsius = static_cast<unsigned>(gpu_of(device).celsius(now()));
  return state_of(device, "temperature");
}

FAKE_NVML_API Return nvmlDeviceGetComputeRunningProcesses_v2(Handle device, unsigned* count,
                                                             ProcessInfo* processes) {
  return list_processes(device, count, processes);
}

#else

FAKE_NVML_API Return nvmlDeviceGetTemperatureV(Handle device, Temperature* temperature) {
  if (temperature->version != temperature_version_1) return Return::invalid_argument;
  temperature->celsius = gpu_of(device).celsius(now());
  return state_of(device, "temperature");
}

FAKE_NVML_API Return nvmlDeviceGetComputeRunningProcesses_v3(Handle device, unsigned* count,
                                                             ProcessInfo* processes) {
  return list_processes(device, count, processes);
}

FAKE_NVML_API Return nvmlDeviceGetVirtualizationMode(Handle, Virtualisation* mode) {
  *mode = bench.virtualisation;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetMigMode(Handle, unsigned* current, unsigned* pending) {
  *current = *pending = bench.mig ? 1 : 0;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetMigDeviceHandleByIndex(Handle device, unsigned index,
                                                         Handle* instance) {
  if (!bench.mig || index > 0) return Return::not_found;
  *instance = to_handle(instances[gpu_of(device).index()]);
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetAttributes_v2(Handle device, Attributes* attributes) {
  if (!from(device).instance) return Return::not_supported;
  *attributes = {};
  attributes->multiprocessors = 16;
  return Return::success;
}

namespace {

/// Which cause of throttling a field counts; -1 for other fields.
int cause_of(unsigned field) {
  constexpr unsigned causes[] = {field_power_cap_ns, field_sync_boost_ns, field_software_thermal_ns,
                                 field_hardware_thermal_ns, field_power_brake_ns};
  for (int i = 0; i < 5; ++i) {
    if (causes[i] == field) return i;
  }
  return -1;
}

const char* name_of(const FieldValue& field) {
  if (cause_of(field.field) >= 0) return "throttle";
  if (field.scope == scope_module) return "module";
  if (field.field == field_energy) return "energy";
  if (field.field == field_power_instant) return "instant";
  return field.field == field_power_average ? "average" : "";
}

void put_number(FieldValue& field, ValueType type, double number) {
  field.type = type;
  if (type == ValueType::float64) {
    field.value.float64 = number;
  } else if (type == ValueType::unsigned_int) {
    field.value.unsigned_int = static_cast<unsigned>(static_cast<unsigned long long>(number));
  } else {
    field.value.unsigned_long_long = static_cast<unsigned long long>(number);
  }
}

void fill_field(FakeGpu& gpu, FieldValue& field) {
  const char* name = name_of(field);
  field.result = *name == '\0' || refuses(name) ? Return::not_supported : Return::success;
  if (gpu.fields_fail(now())) field.result = Return::unknown;
  if (const int cause = cause_of(field.field); cause >= 0) {
    put_number(field, ValueType::unsigned_long_long,
               gpu.throttled_ns(static_cast<std::size_t>(cause), now()));
  } else if (field.field == field_energy) {
    put_number(field, bench.energy_type, gpu.millijoules(now()));
  } else {
    const bool average = field.field == field_power_average;
    put_number(field, ValueType::unsigned_int,
               std::round(average ? gpu.average_milliwatts(now()) : gpu.instant_milliwatts(now())));
  }
}

}  // namespace

FAKE_NVML_API Return nvmlDeviceGetFieldValues(Handle device, int count, FieldValue* fields) {
  const std::lock_guard lock(mutex);
  take_as_long_as_said();
  if (gpu_of(device).lost(now())) return Return::gpu_is_lost;
  for (int i = 0; i < count; ++i) fill_field(gpu_of(device), fields[i]);
  return Return::success;  // as the real one, whatever became of the fields
}

#endif
