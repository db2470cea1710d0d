#include "autotune/watch.hpp"
#include "platform/host_load.hpp"

namespace autotune {
namespace {

class HostWatch final : public Watch {
 public:
  [[nodiscard]] Circumstances read() override {
    const HostLoad load = host_load();
    return {.stalled = load.stalled, .stolen = load.stolen};
  }
};

}  // namespace

std::unique_ptr<Watch> open_watch(const MeterOptions&) { return std::make_unique<HostWatch>(); }

}  // namespace autotune
