#include "autotune/error.hpp"

namespace autotune {

int exit_status(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::usage:
      return 2;
    case ErrorCode::constraints:
      return 3;
    case ErrorCode::device:
      return 5;
    default:
      return 1;
  }
}

}  // namespace autotune
