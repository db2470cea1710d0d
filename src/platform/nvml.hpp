#pragma once
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/nvml_abi.hpp"

namespace autotune::nvml {

/// A return code in words, with its number: `not supported (3)`.
[[nodiscard]] std::string to_string(Return code);

/// A value, or the code with which NVML refused it.
template <typename T>
struct Answer {
  Return code = Return::function_not_found;
  T value{};

  explicit operator bool() const noexcept { return code == Return::success; }
};

/// A symbol of the library. One that is missing answers `function_not_found`: a capability that is
/// off, not an error.
template <typename... Args>
struct Function {
  Return (*symbol)(Args...) = nullptr;

  Return operator()(Args... args) const {
    return symbol != nullptr ? symbol(args...) : Return::function_not_found;
  }
};

/// The calls that are used, each under its newest name that the library has.
struct Functions {
  Function<> init;
  Function<> shutdown;
  Function<char*, unsigned> driver_version;
  Function<int*> cuda_version;
  Function<unsigned*> device_count;
  Function<unsigned, Handle*> device_by_index;
  Function<Handle, char*, unsigned> name;
  Function<Handle, char*, unsigned> uuid;
  Function<Handle, char*, unsigned> vbios;
  Function<Handle, PciInfo*> pci;
  Function<Handle, Memory*> memory;
  Function<Handle, int*, int*> compute_capability;
  Function<Handle, unsigned*> cuda_cores;
  Function<Handle, Attributes*> attributes;
  Function<Handle, unsigned*, unsigned*> ecc;
  Function<Handle, unsigned*, unsigned*> mig;
  Function<Handle, unsigned, Handle*> mig_device;
  Function<Handle, unsigned*> power_limit;
  Function<Handle, unsigned, unsigned*> max_clock;
  Function<Handle, unsigned, unsigned*> clock;
  Function<Handle, Temperature*> temperature_v;
  Function<Handle, unsigned, unsigned*> temperature;
  Function<Handle, unsigned*, ProcessInfo*> compute_processes;
  Function<Handle, Virtualisation*> virtualisation;
  Function<Handle, int, FieldValue*> fields;
  Function<Handle, unsigned long long*> total_energy;
  Function<Handle, unsigned*> power_usage;
};

/// NVML, initialised. NVML itself is safe to call from several threads.
class Library {
 public:
  Library(const Functions& functions, std::string path);
  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  [[nodiscard]] Answer<std::string> driver_version() const;
  [[nodiscard]] Answer<std::string> cuda_version() const;  ///< The newest the driver runs: `13.0`.
  [[nodiscard]] Answer<unsigned> device_count() const;
  [[nodiscard]] Answer<Handle> device(unsigned index) const;  ///< By NVML's index: PCI order.

  [[nodiscard]] Answer<std::string> name(Handle device) const;
  [[nodiscard]] Answer<std::string> uuid(Handle device) const;
  [[nodiscard]] Answer<std::string> vbios(Handle device) const;
  [[nodiscard]] Answer<PciInfo> pci(Handle device) const;
  [[nodiscard]] Answer<unsigned long long> memory_bytes(Handle device) const;
  [[nodiscard]] Answer<int> compute_capability(Handle device) const;  ///< 90 for 9.0.
  [[nodiscard]] Answer<unsigned> cuda_cores(Handle device) const;
  [[nodiscard]] Answer<unsigned> multiprocessors(Handle device) const;  ///< Of MIG devices.
  [[nodiscard]] Answer<bool> ecc(Handle device) const;
  [[nodiscard]] Answer<bool> mig(Handle device) const;
  [[nodiscard]] Answer<Handle> mig_device(Handle device, unsigned index) const;
  [[nodiscard]] Answer<unsigned> power_limit_milliwatts(Handle device) const;
  [[nodiscard]] Answer<unsigned> max_sm_clock_mhz(Handle device) const;

  [[nodiscard]] Answer<unsigned> sm_clock_mhz(Handle device) const;
  [[nodiscard]] Answer<int> celsius(Handle device) const;

  /// Of the processes with a CUDA context on the device.
  [[nodiscard]] Answer<std::vector<unsigned>> compute_pids(Handle device) const;
  [[nodiscard]] Answer<Virtualisation> virtualisation(Handle device) const;

  /// One field as a number; both the call's code and the field's own are looked at.
  [[nodiscard]] Answer<double> field(Handle device, unsigned field, unsigned scope) const;
  /// The same of several fields in one call, in their order.
  [[nodiscard]] std::vector<Answer<double>> fields(Handle device, std::span<const unsigned> fields,
                                                   unsigned scope) const;
  [[nodiscard]] Answer<double> total_millijoules(Handle device) const;
  [[nodiscard]] Answer<double> power_milliwatts(Handle device) const;

 private:
  Functions functions_;
  std::string path_;
};

/// What the user can do where NVML does not start or refuses a device with this code; one or more
/// sentences.
[[nodiscard]] std::string remedy_for(Return code);

/// The library, or why there is none and what the user can do.
struct Opened {
  std::shared_ptr<const Library> library;
  std::string problem;
  std::string remedy;
};

/// The path in AUTOTUNE_NVML_LIBRARY, if it is set: then nothing else is tried.
[[nodiscard]] std::optional<std::string> named_library();

/// NVML from AUTOTUNE_NVML_LIBRARY, else where drivers put it. It is initialised once for as long
/// as anybody holds it, since without a client the driver may unload and lose its counters.
[[nodiscard]] Opened open();

/// As CUDA prints it: `0000:19:00.0`.
[[nodiscard]] std::string pci_address(const PciInfo& pci);

/// An address in anybody's spelling (`00000000:3B:00.0`, `3b:00.0`) as `pci_address` writes it;
/// text that is no address comes back in lower case.
[[nodiscard]] std::string normalised_pci_address(const std::string& text);

/// The device at a PCI address in any spelling.
[[nodiscard]] Answer<Handle> device_at(const Library& library, const std::string& pci_address);

}  // namespace autotune::nvml
