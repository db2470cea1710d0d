#include "torch/arms/tf32_switch.hpp"

#include <ATen/Context.h>

namespace autotune {
namespace {

// The older setters: they keep the older and the newer state alike, while after the newer ones
// (setFloat32Precision) the older getters throw, which LibTorch itself still calls.
class Tf32Switch {
 public:
  explicit Tf32Switch(bool allow)
      : matmul_(at::globalContext().allowTF32CuBLAS()),
        cudnn_(at::globalContext().allowTF32CuDNN()) {
    set(allow, allow);
  }
  ~Tf32Switch() { set(matmul_, cudnn_); }
  Tf32Switch(const Tf32Switch&) = delete;
  Tf32Switch& operator=(const Tf32Switch&) = delete;

 private:
  static void set(bool matmul, bool cudnn) {
    at::globalContext().setAllowTF32CuBLAS(matmul);
    at::globalContext().setAllowTF32CuDNN(cudnn);
  }
  bool matmul_;
  bool cudnn_;
};

}  // namespace

Scope tf32_scope(bool allow) {
  return [allow] { return std::make_shared<Tf32Switch>(allow); };
}

}  // namespace autotune
