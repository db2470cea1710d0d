// An NVML library without a GPU, driven by the environment (read at nvmlInit):
//   FAKE_NVML_INIT=CODE        what nvmlInit answers (0)
//   FAKE_NVML_DEVICES=N        GPUs (1)
//   FAKE_NVML_NAMES=A;B        their names (Fake GPU 0; …)
//   FAKE_NVML_WATTS=300;120    their constant power (250)
//   FAKE_NVML_PERIOD_MS=MS     the counter latches so often, in real time (100)
//   FAKE_NVML_COUNTER=WORD     ticking, frozen (never moves) or zero (ticking)
//   FAKE_NVML_REFUSE=A,B       calls that answer not supported: energy, total, instant, average,
//                              usage, module, pci, handle
//   FAKE_NVML_MIG=1            every GPU is cut into instances
// Built with FAKE_NVML_OLD it is the library of a driver that has no fields and no MIG.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "platform/nvml_abi.hpp"

using namespace autotune::nvml;

namespace {

struct FakeDevice {
  unsigned index = 0;
  bool instance = false;
  std::string name;
  double watts = 0;
};

struct Scenario {
  std::vector<FakeDevice> devices;
  std::vector<FakeDevice> instances;
  std::vector<std::string> refused;
  std::string counter;
  double period_ms = 100;
  bool mig = false;
};
Scenario scenario;

std::string setting(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

std::vector<std::string> items(const std::string& list, char separator) {
  std::vector<std::string> found;
  std::istringstream stream(list);
  for (std::string text; std::getline(stream, text, separator);) found.push_back(text);
  return found;
}

void read_scenario() {
  scenario = {};
  scenario.refused = items(setting("FAKE_NVML_REFUSE", ""), ',');
  scenario.counter = setting("FAKE_NVML_COUNTER", "ticking");
  scenario.period_ms = std::stod(setting("FAKE_NVML_PERIOD_MS", "100"));
  scenario.mig = setting("FAKE_NVML_MIG", "0") == "1";
  const auto names = items(setting("FAKE_NVML_NAMES", ""), ';');
  const auto watts = items(setting("FAKE_NVML_WATTS", ""), ';');
  const auto count = static_cast<unsigned>(std::stoul(setting("FAKE_NVML_DEVICES", "1")));
  for (unsigned i = 0; i < count; ++i) {
    FakeDevice device{i, false, "Fake GPU ", 250};
    device.name += std::to_string(i);
    if (i < names.size()) device.name = names[i];
    if (i < watts.size()) device.watts = std::stod(watts[i]);
    scenario.devices.push_back(device);
    device.instance = true;
    device.name += " MIG 1g.10gb";
    scenario.instances.push_back(device);
  }
}

bool refuses(const char* call) {
  return std::find(scenario.refused.begin(), scenario.refused.end(), call) !=
         scenario.refused.end();
}

const FakeDevice& from(Handle handle) { return *reinterpret_cast<const FakeDevice*>(handle); }
Handle to_handle(FakeDevice& device) { return reinterpret_cast<Handle>(&device); }

double millijoules(const FakeDevice& device) {
  if (scenario.counter == "zero") return 0;
  if (scenario.counter == "frozen") return 1'000'000;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  double now = Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (scenario.period_ms > 0) {
    now =
        static_cast<double>(static_cast<long long>(now / scenario.period_ms)) * scenario.period_ms;
  }
  return now * device.watts;  // milliseconds × watts
}

Return copy_text(const std::string& text, char* out, unsigned size) {
  if (text.size() + 1 > size) return static_cast<Return>(7);  // insufficient size
  std::memcpy(out, text.c_str(), text.size() + 1);
  return Return::success;
}

}  // namespace

#define FAKE_NVML_API extern "C" __attribute__((visibility("default")))

#ifdef FAKE_NVML_OLD
FAKE_NVML_API Return nvmlInit() {
#else
FAKE_NVML_API Return nvmlInit_v2() {
#endif
  read_scenario();
  return static_cast<Return>(std::stoi(setting("FAKE_NVML_INIT", "0")));
}

FAKE_NVML_API Return nvmlShutdown() { return Return::success; }

FAKE_NVML_API Return nvmlSystemGetDriverVersion(char* text, unsigned size) {
  return copy_text("580.65.06", text, size);
}

FAKE_NVML_API Return nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 13000;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(scenario.devices.size());
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle* device) {
  if (index >= scenario.devices.size()) return Return::invalid_argument;
  if (refuses("handle")) return Return::no_permission;
  *device = to_handle(scenario.devices[index]);
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetName(Handle device, char* text, unsigned size) {
  return copy_text(from(device).name, text, size);
}

FAKE_NVML_API Return nvmlDeviceGetUUID(Handle device, char* text, unsigned size) {
  std::snprintf(text, size, "GPU-%08u-fake", from(device).index);
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetVbiosVersion(Handle, char* text, unsigned size) {
  return copy_text("96.00.74.00.01", text, size);
}

FAKE_NVML_API Return nvmlDeviceGetPciInfo_v3(Handle device, PciInfo* pci) {
  if (refuses("pci")) return Return::not_supported;
  *pci = {};
  pci->bus = 0x19 + from(device).index;
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
  if (refuses("total")) return Return::not_supported;
  *mj = static_cast<unsigned long long>(millijoules(from(device)));
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetPowerUsage(Handle device, unsigned* milliwatts) {
  if (refuses("usage")) return Return::not_supported;
  *milliwatts = static_cast<unsigned>(from(device).watts * 1000);
  return Return::success;
}

#ifndef FAKE_NVML_OLD

FAKE_NVML_API Return nvmlDeviceGetMigMode(Handle, unsigned* current, unsigned* pending) {
  *current = *pending = scenario.mig ? 1 : 0;
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetMigDeviceHandleByIndex(Handle device, unsigned index,
                                                         Handle* instance) {
  if (!scenario.mig || index > 0) return Return::not_found;
  *instance = to_handle(scenario.instances[from(device).index]);
  return Return::success;
}

FAKE_NVML_API Return nvmlDeviceGetAttributes_v2(Handle device, Attributes* attributes) {
  if (!from(device).instance) return Return::not_supported;
  *attributes = {};
  attributes->multiprocessors = 16;
  return Return::success;
}

namespace {

void fill_field(const FakeDevice& device, FieldValue& field) {
  const bool module = field.scope == scope_module;
  const char* call = module                               ? "module"
                     : field.field == field_energy        ? "energy"
                     : field.field == field_power_instant ? "instant"
                     : field.field == field_power_average ? "average"
                                                          : "";
  field.result = *call == '\0' || refuses(call) ? Return::not_supported : Return::success;
  if (field.field == field_energy) {
    field.type = ValueType::unsigned_long_long;
    field.value.unsigned_long_long = static_cast<unsigned long long>(millijoules(device));
  } else {
    field.type = ValueType::unsigned_int;
    field.value.unsigned_int = static_cast<unsigned>(device.watts * 1000);
  }
}

}  // namespace

FAKE_NVML_API Return nvmlDeviceGetFieldValues(Handle device, int count, FieldValue* fields) {
  for (int i = 0; i < count; ++i) fill_field(from(device), fields[i]);
  return Return::success;  // as the real one, whatever became of the fields
}

#endif
