#pragma once
#include <unistd.h>

namespace autotune::testing {

/// Takes root's rights from this process for a while: root reads every file, so that a test of a
/// refusal would find none.
class WithoutRoot {
 public:
  WithoutRoot() : changed_(geteuid() == 0 && seteuid(nobody) == 0) {}
  ~WithoutRoot() {
    if (changed_ && seteuid(0) != 0) _exit(1);
  }
  WithoutRoot(const WithoutRoot&) = delete;
  WithoutRoot& operator=(const WithoutRoot&) = delete;

  /// False in a container whose root cannot become anybody else.
  explicit operator bool() const noexcept { return geteuid() != 0; }

 private:
  static constexpr uid_t nobody = 65534;
  bool changed_;
};

}  // namespace autotune::testing
