#pragma once
#include "autotune/workload.hpp"

namespace autotune {

/// A workload whose allocators stay as the last configuration left them.
class NeverFresh final : public Workload {
 public:
  explicit NeverFresh(Workload& workload) : workload_(workload) {}
  Description describe() override { return workload_.describe(); }
  Prepared prepare(const PrepareRequest& request) override { return workload_.prepare(request); }
  RunResult run(const RunRequest& request) override {
    RunRequest stale = request;
    stale.fresh_memory = false;
    return workload_.run(stale);
  }

 private:
  Workload& workload_;
};

}  // namespace autotune
