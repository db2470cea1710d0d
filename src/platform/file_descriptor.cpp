#include "platform/file_descriptor.hpp"

#include <unistd.h>

#include <system_error>

namespace autotune {

void FileDescriptor::reset(int descriptor) noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = descriptor;
}

std::string errno_text(int error) { return std::system_category().message(error); }

}  // namespace autotune
