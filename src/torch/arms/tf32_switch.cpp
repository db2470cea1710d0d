#include "torch/arms/tf32_switch.hpp"

#include <ATen/Context.h>

#include <condition_variable>
#include <mutex>

namespace autotune {
namespace {

// The older accessors: the older setters keep the older and the newer state alike, while after the
// newer ones (setFloat32Precision) the older getters throw, which LibTorch itself still calls.
struct Flags {
  bool matmul;
  bool cudnn;

  [[nodiscard]] static Flags now() {
    return {at::globalContext().allowTF32CuBLAS(), at::globalContext().allowTF32CuDNN()};
  }
  void set() const {
    at::globalContext().setAllowTF32CuBLAS(matmul);
    at::globalContext().setAllowTF32CuDNN(cudnn);
  }
};

// Whoever has to wait keeps the gate, so that those who come later cannot pass him for ever.
std::mutex gate;
std::mutex mutex;
std::condition_variable left;
int users = 0;  ///< Scopes that are open, of all threads; what follows is theirs.
bool allowed = false;
Flags before{};

thread_local int mine = 0;  ///< Scopes that this thread has open.

class Tf32Switch {
 public:
  explicit Tf32Switch(bool allow) {
    std::unique_lock turn(gate, std::defer_lock);
    if (mine == 0) turn.lock();  // Nobody waits for a thread that waits itself.
    std::unique_lock lock(mutex);
    left.wait(lock, [&] { return users == mine || allowed == allow; });
    outer_ = allowed;
    if (users == 0) before = Flags::now();
    if (users == 0 || allowed != allow) Flags{allow, allow}.set();
    allowed = allow;
    ++users;
    ++mine;
  }
  ~Tf32Switch() {
    const std::scoped_lock lock(mutex);
    --mine;
    if (--users == 0) {
      before.set();
    } else if (users == mine && allowed != outer_) {  // Back to the scope round this one.
      allowed = outer_;
      Flags{allowed, allowed}.set();
    }
    left.notify_all();
  }
  Tf32Switch(const Tf32Switch&) = delete;
  Tf32Switch& operator=(const Tf32Switch&) = delete;

 private:
  bool outer_ = false;
};

}  // namespace

Scope tf32_scope(bool allow) {
  return [allow] { return std::make_shared<Tf32Switch>(allow); };
}

Scope package_tf32(Precision precision, c10::Device device) {
  return device.is_cuda() ? tf32_scope(precision == Precision::tf32) : Scope();
}

void set_tf32(Draft& draft, bool allow) {
  if (draft.target.device.is_cuda()) draft.scopes.push_back(tf32_scope(allow));
}

}  // namespace autotune
