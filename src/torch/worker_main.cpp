#include "autotune/torch/workload.hpp"
#include "worker/serve.hpp"

int main() { return autotune::serve(autotune::make_torch_workload); }
