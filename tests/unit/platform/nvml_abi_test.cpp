// Our declarations of NVML against NVIDIA's own header, where it is installed (scripts/setup brings
// it, the core alone does without). What differs does not compile.
#include "platform/nvml_abi.hpp"

#include <gtest/gtest.h>

#if __has_include(<nvml.h>)
#define NVML_NO_UNVERSIONED_FUNC_DEFS  // So that each version of a call has its own name.
#include <nvml.h>

#include <type_traits>

#include "platform/nvml.hpp"

namespace autotune::nvml {
namespace {

#define SAME_NUMBER(ours, theirs) \
  static_assert(static_cast<long long>(ours) == static_cast<long long>(theirs))
#define SAME_SIZE(ours, theirs) \
  static_assert(sizeof(ours) == sizeof(theirs) && alignof(ours) == alignof(theirs))
#define SAME_FIELD(ours, our_field, theirs, their_field)                      \
  static_assert(offsetof(ours, our_field) == offsetof(theirs, their_field) && \
                sizeof(ours::our_field) == sizeof(theirs::their_field))

SAME_NUMBER(Return::success, NVML_SUCCESS);
SAME_NUMBER(Return::uninitialized, NVML_ERROR_UNINITIALIZED);
SAME_NUMBER(Return::invalid_argument, NVML_ERROR_INVALID_ARGUMENT);
SAME_NUMBER(Return::not_supported, NVML_ERROR_NOT_SUPPORTED);
SAME_NUMBER(Return::no_permission, NVML_ERROR_NO_PERMISSION);
SAME_NUMBER(Return::not_found, NVML_ERROR_NOT_FOUND);
SAME_NUMBER(Return::insufficient_size, NVML_ERROR_INSUFFICIENT_SIZE);
SAME_NUMBER(Return::driver_not_loaded, NVML_ERROR_DRIVER_NOT_LOADED);
SAME_NUMBER(Return::timeout, NVML_ERROR_TIMEOUT);
SAME_NUMBER(Return::function_not_found, NVML_ERROR_FUNCTION_NOT_FOUND);
SAME_NUMBER(Return::gpu_is_lost, NVML_ERROR_GPU_IS_LOST);
SAME_NUMBER(Return::reset_required, NVML_ERROR_RESET_REQUIRED);
SAME_NUMBER(Return::operating_system, NVML_ERROR_OPERATING_SYSTEM);
SAME_NUMBER(Return::version_mismatch, NVML_ERROR_LIB_RM_VERSION_MISMATCH);
SAME_NUMBER(Return::memory, NVML_ERROR_MEMORY);
SAME_NUMBER(Return::no_data, NVML_ERROR_NO_DATA);
SAME_NUMBER(Return::not_ready, NVML_ERROR_NOT_READY);
SAME_NUMBER(Return::gpu_not_found, NVML_ERROR_GPU_NOT_FOUND);
SAME_NUMBER(Return::unknown, NVML_ERROR_UNKNOWN);
SAME_SIZE(Return, nvmlReturn_t);

SAME_NUMBER(ValueType::float64, NVML_VALUE_TYPE_DOUBLE);
SAME_NUMBER(ValueType::unsigned_int, NVML_VALUE_TYPE_UNSIGNED_INT);
SAME_NUMBER(ValueType::unsigned_long, NVML_VALUE_TYPE_UNSIGNED_LONG);
SAME_NUMBER(ValueType::unsigned_long_long, NVML_VALUE_TYPE_UNSIGNED_LONG_LONG);
SAME_NUMBER(ValueType::signed_long_long, NVML_VALUE_TYPE_SIGNED_LONG_LONG);
SAME_NUMBER(ValueType::signed_int, NVML_VALUE_TYPE_SIGNED_INT);
SAME_NUMBER(ValueType::unsigned_short, NVML_VALUE_TYPE_UNSIGNED_SHORT);
SAME_SIZE(ValueType, nvmlValueType_t);
SAME_SIZE(Value, nvmlValue_t);

SAME_NUMBER(Virtualisation::none, NVML_GPU_VIRTUALIZATION_MODE_NONE);
SAME_NUMBER(Virtualisation::passthrough, NVML_GPU_VIRTUALIZATION_MODE_PASSTHROUGH);
SAME_NUMBER(Virtualisation::vgpu, NVML_GPU_VIRTUALIZATION_MODE_VGPU);
SAME_NUMBER(Virtualisation::host_vgpu, NVML_GPU_VIRTUALIZATION_MODE_HOST_VGPU);
SAME_NUMBER(Virtualisation::host_vsga, NVML_GPU_VIRTUALIZATION_MODE_HOST_VSGA);
SAME_SIZE(Virtualisation, nvmlGpuVirtualizationMode_t);

SAME_NUMBER(field_power_cap_ns, NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP);
SAME_NUMBER(field_sync_boost_ns, NVML_FI_DEV_CLOCKS_EVENT_REASON_SYNC_BOOST);
SAME_NUMBER(field_software_thermal_ns, NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN);
SAME_NUMBER(field_hardware_thermal_ns, NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN);
SAME_NUMBER(field_power_brake_ns, NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN);
SAME_NUMBER(field_power_average, NVML_FI_DEV_POWER_AVERAGE);
SAME_NUMBER(field_power_instant, NVML_FI_DEV_POWER_INSTANT);
SAME_NUMBER(field_energy, NVML_FI_DEV_ENERGY);
SAME_NUMBER(scope_gpu, NVML_POWER_SCOPE_GPU);
SAME_NUMBER(scope_module, NVML_POWER_SCOPE_MODULE);
SAME_NUMBER(clock_sm, NVML_CLOCK_SM);
SAME_NUMBER(sensor_gpu, NVML_TEMPERATURE_GPU);
SAME_NUMBER(temperature_version_1, nvmlTemperature_v1);

SAME_SIZE(PciInfo, nvmlPciInfo_t);
SAME_FIELD(PciInfo, bus_id_legacy, nvmlPciInfo_t, busIdLegacy);
SAME_FIELD(PciInfo, domain, nvmlPciInfo_t, domain);
SAME_FIELD(PciInfo, bus, nvmlPciInfo_t, bus);
SAME_FIELD(PciInfo, device, nvmlPciInfo_t, device);
SAME_FIELD(PciInfo, device_and_vendor, nvmlPciInfo_t, pciDeviceId);
SAME_FIELD(PciInfo, subsystem, nvmlPciInfo_t, pciSubSystemId);
SAME_FIELD(PciInfo, bus_id, nvmlPciInfo_t, busId);

SAME_SIZE(Memory, nvmlMemory_t);
SAME_FIELD(Memory, total, nvmlMemory_t, total);
SAME_FIELD(Memory, free, nvmlMemory_t, free);
SAME_FIELD(Memory, used, nvmlMemory_t, used);

SAME_SIZE(FieldValue, nvmlFieldValue_t);
SAME_FIELD(FieldValue, field, nvmlFieldValue_t, fieldId);
SAME_FIELD(FieldValue, scope, nvmlFieldValue_t, scopeId);
SAME_FIELD(FieldValue, timestamp_us, nvmlFieldValue_t, timestamp);
SAME_FIELD(FieldValue, latency_us, nvmlFieldValue_t, latencyUsec);
SAME_FIELD(FieldValue, type, nvmlFieldValue_t, valueType);
SAME_FIELD(FieldValue, result, nvmlFieldValue_t, nvmlReturn);
SAME_FIELD(FieldValue, value, nvmlFieldValue_t, value);

SAME_SIZE(Attributes, nvmlDeviceAttributes_t);
SAME_FIELD(Attributes, multiprocessors, nvmlDeviceAttributes_t, multiprocessorCount);
SAME_FIELD(Attributes, gpu_instance_slices, nvmlDeviceAttributes_t, gpuInstanceSliceCount);
SAME_FIELD(Attributes, compute_instance_slices, nvmlDeviceAttributes_t, computeInstanceSliceCount);
SAME_FIELD(Attributes, memory_mib, nvmlDeviceAttributes_t, memorySizeMB);

SAME_SIZE(ProcessInfo, nvmlProcessInfo_v2_t);
SAME_FIELD(ProcessInfo, pid, nvmlProcessInfo_v2_t, pid);
SAME_FIELD(ProcessInfo, used_memory, nvmlProcessInfo_v2_t, usedGpuMemory);
SAME_FIELD(ProcessInfo, gpu_instance, nvmlProcessInfo_v2_t, gpuInstanceId);
SAME_FIELD(ProcessInfo, compute_instance, nvmlProcessInfo_v2_t, computeInstanceId);

SAME_SIZE(Temperature, nvmlTemperature_v1_t);
SAME_FIELD(Temperature, version, nvmlTemperature_v1_t, version);
SAME_FIELD(Temperature, sensor, nvmlTemperature_v1_t, sensorType);
SAME_FIELD(Temperature, celsius, nvmlTemperature_v1_t, temperature);

/// Whether two types are passed alike: both pointers, or numbers of one size and kind.
template <typename Ours, typename Theirs>
constexpr bool passed_alike = (std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>) ||
                              (!std::is_pointer_v<Ours> && !std::is_pointer_v<Theirs> &&
                               sizeof(Ours) == sizeof(Theirs));

template <typename... Ours, typename... Theirs>
constexpr bool same_call(Function<Ours...>, nvmlReturn_t (*)(Theirs...)) {
  if constexpr (sizeof...(Ours) == sizeof...(Theirs)) {
    return (passed_alike<Ours, Theirs> && ...);
  }
  return false;
}

#define SAME_CALL(ours, theirs) static_assert(same_call(decltype(Functions::ours){}, &theirs))
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // Of calls kept for old drivers.

// Addresses in a constant that nothing at run time refers to: no NVML is linked.
SAME_CALL(init, nvmlInit_v2);
SAME_CALL(shutdown, nvmlShutdown);
SAME_CALL(driver_version, nvmlSystemGetDriverVersion);
SAME_CALL(cuda_version, nvmlSystemGetCudaDriverVersion_v2);
SAME_CALL(device_count, nvmlDeviceGetCount_v2);
SAME_CALL(device_by_index, nvmlDeviceGetHandleByIndex_v2);
SAME_CALL(name, nvmlDeviceGetName);
SAME_CALL(uuid, nvmlDeviceGetUUID);
SAME_CALL(vbios, nvmlDeviceGetVbiosVersion);
SAME_CALL(pci, nvmlDeviceGetPciInfo_v3);
SAME_CALL(memory, nvmlDeviceGetMemoryInfo);
SAME_CALL(compute_capability, nvmlDeviceGetCudaComputeCapability);
SAME_CALL(cuda_cores, nvmlDeviceGetNumGpuCores);
SAME_CALL(attributes, nvmlDeviceGetAttributes_v2);
SAME_CALL(ecc, nvmlDeviceGetEccMode);
SAME_CALL(mig, nvmlDeviceGetMigMode);
SAME_CALL(mig_device, nvmlDeviceGetMigDeviceHandleByIndex);
SAME_CALL(power_limit, nvmlDeviceGetPowerManagementLimit);
SAME_CALL(max_clock, nvmlDeviceGetMaxClockInfo);
SAME_CALL(clock, nvmlDeviceGetClockInfo);
SAME_CALL(temperature_v, nvmlDeviceGetTemperatureV);
SAME_CALL(temperature, nvmlDeviceGetTemperature);
SAME_CALL(compute_processes, nvmlDeviceGetComputeRunningProcesses_v3);
SAME_CALL(compute_processes, nvmlDeviceGetComputeRunningProcesses_v2);
SAME_CALL(virtualisation, nvmlDeviceGetVirtualizationMode);
SAME_CALL(fields, nvmlDeviceGetFieldValues);
SAME_CALL(total_energy, nvmlDeviceGetTotalEnergyConsumption);
SAME_CALL(power_usage, nvmlDeviceGetPowerUsage);

TEST(NvmlHeader, AgreesWithOurDeclarations) { SUCCEED() << "it compiled"; }

}  // namespace
}  // namespace autotune::nvml

#else

TEST(NvmlHeader, AgreesWithOurDeclarations) {
  GTEST_SKIP() << "nvml.h is not installed; scripts/setup brings it with nvidia-nvml-dev";
}

#endif
