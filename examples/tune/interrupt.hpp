#pragma once

namespace autotune::cli {

/// From now on the first Ctrl-C or SIGTERM asks for an orderly end, the second ends at once.
void catch_interrupts();

/// The signal that asked for an end; 0 if none did.
[[nodiscard]] int interrupt_signal() noexcept;

}  // namespace autotune::cli
