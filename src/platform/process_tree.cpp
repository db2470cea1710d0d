#include "platform/process_tree.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace autotune {
namespace {

/// 0 if the process is not there. (The lists of children in /proc are per thread, and not every
/// kernel has them.)
int parent_of(int pid, const std::filesystem::path& root) {
  std::ifstream file(root / "proc" / std::to_string(pid) / "stat");
  std::string text;
  std::getline(file, text);
  // `12 (a name) S 1 …`: a name may hold spaces and brackets.
  const auto name_ends = text.rfind(')');
  if (name_ends == std::string::npos) return 0;
  std::istringstream rest(text.substr(name_ends + 1));
  std::string state;
  int parent = 0;
  rest >> state >> parent;
  return parent;
}

}  // namespace

bool comes_from(int pid, int ancestor, const std::filesystem::path& root) {
  constexpr int most_generations = 1000;  // Numbers that are given anew while we walk end it too.
  for (int i = 0; i < most_generations && pid > 0; ++i) {
    if (pid == ancestor) return true;
    pid = parent_of(pid, root);
  }
  return false;
}

}  // namespace autotune
