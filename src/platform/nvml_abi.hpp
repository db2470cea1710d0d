#pragma once
#include <cstddef>
#include <cstdint>

// The part of NVML's binary interface that is used, declared by ourselves so that the core needs
// no CUDA toolkit. Numbers and layouts are those of nvml.h 11 to 13, which never changed them.
namespace autotune::nvml {

/// nvmlReturn_t; codes that are not listed arrive as their number.
enum class Return : int {
  success = 0,
  uninitialized = 1,
  invalid_argument = 2,
  not_supported = 3,
  no_permission = 4,
  not_found = 6,
  insufficient_size = 7,
  driver_not_loaded = 9,
  timeout = 10,
  function_not_found = 13,
  gpu_is_lost = 15,
  reset_required = 16,
  operating_system = 17,
  version_mismatch = 18,
  memory = 20,
  no_data = 21,
  not_ready = 27,
  gpu_not_found = 28,
  unknown = 999,
};

/// nvmlDevice_t is a pointer to something only the driver knows.
struct OpaqueDevice;
using Handle = OpaqueDevice*;

/// nvmlPciInfo_t; `_v2` of the call fills all but `bus_id`.
struct PciInfo {
  char bus_id_legacy[16];
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned device_and_vendor;  ///< Device in the high half.
  unsigned subsystem;          ///< Subsystem device in the high half.
  char bus_id[32];
};
static_assert(sizeof(PciInfo) == 68 && offsetof(PciInfo, domain) == 16 &&
              offsetof(PciInfo, subsystem) == 32);

/// nvmlMemory_t, bytes.
struct Memory {
  unsigned long long total;
  unsigned long long free;
  unsigned long long used;
};
static_assert(sizeof(Memory) == 24);

/// nvmlValueType_t.
enum class ValueType : int {
  float64 = 0,
  unsigned_int = 1,
  unsigned_long = 2,
  unsigned_long_long = 3,
  signed_long_long = 4,
  signed_int = 5,
  unsigned_short = 6,
};

/// nvmlValue_t.
union Value {
  double float64;
  int signed_int;
  unsigned unsigned_int;
  unsigned long unsigned_long;
  unsigned long long unsigned_long_long;
  long long signed_long_long;
  unsigned short unsigned_short;
};

/// nvmlFieldValue_t.
struct FieldValue {
  unsigned field;
  unsigned scope;  ///< Of power and energy: 0 the GPU, 1 the module it sits on.
  long long timestamp_us;
  long long latency_us;
  ValueType type;
  Return result;  ///< The call succeeds even where one of its fields does not.
  Value value;
};
static_assert(sizeof(FieldValue) == 40 && offsetof(FieldValue, timestamp_us) == 8 &&
              offsetof(FieldValue, result) == 28 && offsetof(FieldValue, value) == 32);

/// nvmlDeviceAttributes_t, told of MIG devices.
struct Attributes {
  unsigned multiprocessors;
  unsigned shared_engines[5];
  unsigned gpu_instance_slices;
  unsigned compute_instance_slices;
  unsigned long long memory_mib;
};
static_assert(sizeof(Attributes) == 40 && offsetof(Attributes, memory_mib) == 32);

/// nvmlProcessInfo_v2_t, which `_v2` and `_v3` of the call both fill. The first version of the call
/// has a smaller one and is not used.
struct ProcessInfo {
  unsigned pid;
  unsigned long long used_memory;
  unsigned gpu_instance;
  unsigned compute_instance;
};
static_assert(sizeof(ProcessInfo) == 24 && offsetof(ProcessInfo, gpu_instance) == 16);

/// nvmlTemperature_v1_t, of `nvmlDeviceGetTemperatureV`.
struct Temperature {
  unsigned version;
  unsigned sensor;
  int celsius;
};
static_assert(sizeof(Temperature) == 12 && offsetof(Temperature, celsius) == 8);

/// nvmlGpuVirtualizationMode_t.
enum class Virtualisation : int {
  none = 0,
  passthrough = 1,
  vgpu = 2,
  host_vgpu = 3,
  host_vsga = 4
};

// Nanoseconds for which clocks were held down, by cause, since the driver was loaded.
inline constexpr unsigned field_power_cap_ns = 74;
inline constexpr unsigned field_sync_boost_ns = 76;
inline constexpr unsigned field_software_thermal_ns = 269;
inline constexpr unsigned field_hardware_thermal_ns = 270;
inline constexpr unsigned field_power_brake_ns = 271;

inline constexpr unsigned field_power_average = 185;  // milliwatts over 1 s
inline constexpr unsigned field_power_instant = 186;  // milliwatts
inline constexpr unsigned field_energy = 191;         // millijoules since the driver was loaded
inline constexpr unsigned scope_gpu = 0;
inline constexpr unsigned scope_module = 1;
inline constexpr unsigned clock_sm = 1;
inline constexpr unsigned sensor_gpu = 0;
inline constexpr unsigned temperature_version_1 = sizeof(Temperature) | 1u << 24;

}  // namespace autotune::nvml
