#include "platform/nvml.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace autotune::nvml {
namespace {

std::string dynamic_linker_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown error of the dynamic linker";
}

constexpr const char* library_file = "libnvidia-ml.so.1";

// The folders of drivers that the linker does not always know: RPM packages, containers into which
// the host's driver is mounted, the Windows Subsystem for Linux.
constexpr std::array<std::string_view, 4> folders_of_drivers = {
    "/usr/lib64/nvidia", "/usr/lib/nvidia", "/usr/local/nvidia/lib64", "/usr/lib/wsl/lib"};

/// The linker's own search first.
std::vector<std::string> usual_places() {
  std::vector<std::string> places = {library_file};
  for (const auto folder : folders_of_drivers) {
    places.push_back(fmt::format("{}/{}", folder, library_file));
  }
  return places;
}

template <typename... Args>
void bind(void* handle, Function<Args...>& function, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (void* symbol = dlsym(handle, name)) {
      function.symbol = reinterpret_cast<Return (*)(Args...)>(symbol);
      return;
    }
  }
}

Functions bind_all(void* handle) {
  Functions f;
  bind(handle, f.init, {"nvmlInit_v2", "nvmlInit"});
  bind(handle, f.shutdown, {"nvmlShutdown"});
  bind(handle, f.driver_version, {"nvmlSystemGetDriverVersion"});
  bind(handle, f.cuda_version,
       {"nvmlSystemGetCudaDriverVersion_v2", "nvmlSystemGetCudaDriverVersion"});
  bind(handle, f.device_count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  bind(handle, f.device_by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  bind(handle, f.name, {"nvmlDeviceGetName"});
  bind(handle, f.uuid, {"nvmlDeviceGetUUID"});
  bind(handle, f.vbios, {"nvmlDeviceGetVbiosVersion"});
  bind(handle, f.pci, {"nvmlDeviceGetPciInfo_v3", "nvmlDeviceGetPciInfo_v2"});
  bind(handle, f.memory, {"nvmlDeviceGetMemoryInfo"});
  bind(handle, f.compute_capability, {"nvmlDeviceGetCudaComputeCapability"});
  bind(handle, f.cuda_cores, {"nvmlDeviceGetNumGpuCores"});
  bind(handle, f.attributes, {"nvmlDeviceGetAttributes_v2"});
  bind(handle, f.ecc, {"nvmlDeviceGetEccMode"});
  bind(handle, f.mig, {"nvmlDeviceGetMigMode"});
  bind(handle, f.mig_device, {"nvmlDeviceGetMigDeviceHandleByIndex"});
  bind(handle, f.power_limit, {"nvmlDeviceGetPowerManagementLimit"});
  bind(handle, f.max_clock, {"nvmlDeviceGetMaxClockInfo"});
  bind(handle, f.clock, {"nvmlDeviceGetClockInfo"});
  bind(handle, f.temperature_v, {"nvmlDeviceGetTemperatureV"});
  bind(handle, f.temperature, {"nvmlDeviceGetTemperature"});
  bind(handle, f.compute_processes,
       {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"});
  bind(handle, f.virtualisation, {"nvmlDeviceGetVirtualizationMode"});
  bind(handle, f.fields, {"nvmlDeviceGetFieldValues"});
  bind(handle, f.total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  bind(handle, f.power_usage, {"nvmlDeviceGetPowerUsage"});
  return f;
}

constexpr const char* remedy_to_name =
    "Name the driver's libnvidia-ml.so.1 in AUTOTUNE_NVML_LIBRARY, or unset it.";

/// Loads and initialises the library at `path`; `handle` stays open for the process's life.
Opened initialised(void* handle, const std::string& path) {
  const Functions functions = bind_all(handle);
  if (!functions.init.symbol || !functions.shutdown.symbol || !functions.device_count.symbol) {
    return {nullptr,
            fmt::format("{} is not NVML: it has no nvmlInit_v2, nvmlShutdown or "
                        "nvmlDeviceGetCount_v2",
                        path),
            remedy_to_name};
  }
  if (const Return code = functions.init(); code != Return::success) {
    return {nullptr, fmt::format("NVML ({}) does not start: {}", path, to_string(code)),
            remedy_for(code)};
  }
  return {std::make_shared<const Library>(functions, path), "", ""};
}

Opened load_named(const std::string& path) {
  if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return initialised(handle, path);
  return {
      nullptr,
      fmt::format("AUTOTUNE_NVML_LIBRARY={} cannot be loaded: {}", path, dynamic_linker_error()),
      remedy_to_name};
}

Opened load_usual() {
  for (const std::string& path : usual_places()) {
    if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      return initialised(handle, path);
    }
  }
  return {nullptr,
          fmt::format("there is no NVIDIA driver: {} is neither where the linker looks nor in {}",
                      library_file, fmt::join(folders_of_drivers, ", ")),
          "Install the NVIDIA driver; a container gets it from the host when it is started with "
          "--gpus."};
}

// nvml.h asks for at most 96 characters for any of these texts.
template <typename Call>
Answer<std::string> text_of(const Call& call) {
  std::array<char, 128> text{};
  const Return code = call(text.data(), static_cast<unsigned>(text.size() - 1));
  return {code, code == Return::success ? text.data() : ""};
}

double number_of(const FieldValue& field) {
  switch (field.type) {
    case ValueType::float64:
      return field.value.float64;
    case ValueType::unsigned_int:
      return field.value.unsigned_int;
    case ValueType::unsigned_long:
      return static_cast<double>(field.value.unsigned_long);
    case ValueType::unsigned_long_long:
      return static_cast<double>(field.value.unsigned_long_long);
    case ValueType::signed_long_long:
      return static_cast<double>(field.value.signed_long_long);
    case ValueType::signed_int:
      return field.value.signed_int;
    case ValueType::unsigned_short:
      return field.value.unsigned_short;
  }
  return -1;  // a type of a newer NVML: no value we could name, and never a valid reading
}

}  // namespace

Library::Library(const Functions& functions, std::string path)
    : functions_(functions), path_(std::move(path)) {}

Library::~Library() { functions_.shutdown(); }

Answer<std::string> Library::driver_version() const { return text_of(functions_.driver_version); }

Answer<std::string> Library::cuda_version() const {
  int version = 0;
  const Return code = functions_.cuda_version(&version);
  return {code, fmt::format("{}.{}", version / 1000, version % 1000 / 10)};
}

Answer<unsigned> Library::device_count() const {
  Answer<unsigned> answer;
  answer.code = functions_.device_count(&answer.value);
  return answer;
}

Answer<Handle> Library::device(unsigned index) const {
  Answer<Handle> answer;
  answer.code = functions_.device_by_index(index, &answer.value);
  return answer;
}

Answer<std::string> Library::name(Handle device) const {
  return text_of([&](char* text, unsigned size) { return functions_.name(device, text, size); });
}

Answer<std::string> Library::uuid(Handle device) const {
  return text_of([&](char* text, unsigned size) { return functions_.uuid(device, text, size); });
}

Answer<std::string> Library::vbios(Handle device) const {
  return text_of([&](char* text, unsigned size) { return functions_.vbios(device, text, size); });
}

Answer<PciInfo> Library::pci(Handle device) const {
  Answer<PciInfo> answer;
  answer.code = functions_.pci(device, &answer.value);
  return answer;
}

Answer<unsigned long long> Library::memory_bytes(Handle device) const {
  Memory memory{};
  const Return code = functions_.memory(device, &memory);
  return {code, memory.total};
}

Answer<int> Library::compute_capability(Handle device) const {
  int major = 0;
  int minor = 0;
  const Return code = functions_.compute_capability(device, &major, &minor);
  return {code, 10 * major + minor};
}

Answer<unsigned> Library::cuda_cores(Handle device) const {
  Answer<unsigned> answer;
  answer.code = functions_.cuda_cores(device, &answer.value);
  return answer;
}

Answer<unsigned> Library::multiprocessors(Handle device) const {
  Attributes attributes{};
  const Return code = functions_.attributes(device, &attributes);
  return {code, attributes.multiprocessors};
}

Answer<bool> Library::ecc(Handle device) const {
  unsigned current = 0;
  unsigned pending = 0;
  const Return code = functions_.ecc(device, &current, &pending);
  return {code, current == 1};
}

Answer<bool> Library::mig(Handle device) const {
  unsigned current = 0;
  unsigned pending = 0;
  const Return code = functions_.mig(device, &current, &pending);
  return {code, current == 1};
}

Answer<Handle> Library::mig_device(Handle device, unsigned index) const {
  Answer<Handle> answer;
  answer.code = functions_.mig_device(device, index, &answer.value);
  return answer;
}

Answer<unsigned> Library::power_limit_milliwatts(Handle device) const {
  Answer<unsigned> answer;
  answer.code = functions_.power_limit(device, &answer.value);
  return answer;
}

Answer<unsigned> Library::max_sm_clock_mhz(Handle device) const {
  Answer<unsigned> answer;
  answer.code = functions_.max_clock(device, clock_sm, &answer.value);
  return answer;
}

Answer<unsigned> Library::sm_clock_mhz(Handle device) const {
  Answer<unsigned> answer;
  answer.code = functions_.clock(device, clock_sm, &answer.value);
  return answer;
}

Answer<int> Library::celsius(Handle device) const {
  Temperature newer{temperature_version_1, sensor_gpu, 0};
  if (functions_.temperature_v(device, &newer) == Return::success) {
    return {Return::success, newer.celsius};
  }
  unsigned celsius = 0;
  const Return code = functions_.temperature(device, sensor_gpu, &celsius);
  return {code, static_cast<int>(celsius)};
}

Answer<std::vector<unsigned>> Library::compute_pids(Handle device) const {
  // Twice the room that is told of: drivers 535.43 to 535.86 fill 32 bytes for each process.
  std::vector<ProcessInfo> processes(128);
  unsigned count = static_cast<unsigned>(processes.size() / 2);
  const Return code = functions_.compute_processes(device, &count, processes.data());
  if (code != Return::success) return {code, {}};
  Answer<std::vector<unsigned>> answer{code, {}};
  for (unsigned i = 0; i < count; ++i) answer.value.push_back(processes[i].pid);
  return answer;
}

Answer<Virtualisation> Library::virtualisation(Handle device) const {
  Answer<Virtualisation> answer;
  answer.code = functions_.virtualisation(device, &answer.value);
  return answer;
}

Answer<double> Library::field(Handle device, unsigned field, unsigned scope) const {
  return fields(device, std::span(&field, 1), scope).front();
}

std::vector<Answer<double>> Library::fields(Handle device, std::span<const unsigned> fields,
                                            unsigned scope) const {
  std::vector<FieldValue> values(fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    values[i].field = fields[i];
    values[i].scope = scope;
    values[i].result = Return::no_data;
  }
  const Return code = functions_.fields(device, static_cast<int>(values.size()), values.data());
  std::vector<Answer<double>> answers;
  for (const FieldValue& value : values) {
    const Return result = code == Return::success ? value.result : code;
    answers.push_back({result, result == Return::success ? number_of(value) : 0});
  }
  return answers;
}

Answer<double> Library::total_millijoules(Handle device) const {
  unsigned long long millijoules = 0;
  const Return code = functions_.total_energy(device, &millijoules);
  return {code, static_cast<double>(millijoules)};
}

Answer<double> Library::power_milliwatts(Handle device) const {
  unsigned milliwatts = 0;
  const Return code = functions_.power_usage(device, &milliwatts);
  return {code, static_cast<double>(milliwatts)};
}

std::optional<std::string> named_library() {
  const char* path = std::getenv("AUTOTUNE_NVML_LIBRARY");
  if (path == nullptr || *path == '\0') return std::nullopt;
  return path;
}

Opened open() {
  static std::mutex mutex;
  static std::weak_ptr<const Library> current;
  static std::optional<std::string> current_name;
  const std::lock_guard lock(mutex);
  const auto name = named_library();
  if (auto library = current.lock(); library && name == current_name) return {library, "", ""};
  Opened opened = name ? load_named(*name) : load_usual();
  current = opened.library;
  current_name = name;
  return opened;
}

Answer<Handle> device_at(const Library& library, const std::string& pci_address) {
  const std::string wanted = normalised_pci_address(pci_address);
  const unsigned count = library.device_count().value;
  for (unsigned index = 0; index < count; ++index) {
    const auto device = library.device(index);
    if (!device) continue;
    const auto pci = library.pci(device.value);
    if (pci && nvml::pci_address(pci.value) == wanted) return device;
  }
  return {Return::not_found, nullptr};
}

}  // namespace autotune::nvml
