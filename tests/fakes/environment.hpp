#pragma once
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace autotune::testing {

/// Sets environment variables for a test (or unsets those without a value) and puts them back.
class ScopedEnvironment {
 public:
  using Setting = std::pair<std::string, std::optional<std::string>>;

  ScopedEnvironment(std::initializer_list<Setting> settings) {
    for (const auto& [name, value] : settings) set(name, value);
  }
  ~ScopedEnvironment() {
    for (const auto& [name, value] : before_) apply(name, value);
  }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

  void set(const std::string& name, const std::optional<std::string>& value) {
    const char* old = std::getenv(name.c_str());
    before_.emplace(name, old != nullptr ? std::optional<std::string>(old) : std::nullopt);
    apply(name, value);
  }

 private:
  static void apply(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      setenv(name.c_str(), value->c_str(), 1);
    } else {
      unsetenv(name.c_str());
    }
  }

  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace autotune::testing
