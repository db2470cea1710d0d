// Tunes a C++ module that lives in this process, keeps the answer, and runs the module so.
//
//     live_module [SECONDS]
//
// The second start finds the profile of the first and does not tune.
#include <torch/nn/modules/transformercoder.h>
#include <torch/nn/modules/transformerlayer.h>

#include <cstdlib>
#include <iostream>

#include "autotune/autotune.hpp"
#include "autotune/report.hpp"
#include "autotune/torch/live_model.hpp"
#include "autotune/torch/tuned_model.hpp"

namespace nn = torch::nn;

/// Six encoder layers of width 256, over [batch, length, width].
autotune::LiveModel make_encoder() {
  const auto layer = nn::TransformerEncoderLayerOptions(256, 4).dim_feedforward(1024);
  nn::TransformerEncoder encoder(nn::TransformerEncoderOptions(layer, 6));
  encoder->eval();
  return autotune::live_model(encoder, "encoder", [encoder](std::vector<c10::IValue> arguments) {
    const at::Tensor rows = arguments.at(0).toTensor().transpose(0, 1);
    return c10::IValue(encoder.ptr()->forward(rows, {}, {}).transpose(0, 1));
  });
}

/// The answer of a tune of `model`, kept in the cache.
autotune::Config tune(const autotune::LiveModel& model, const at::Tensor& rows, double seconds) {
  const autotune::Device device = autotune::find_device("cpu");
  autotune::Session session(
      autotune::make_live_workload(model, autotune::ExampleInputs::from_values({rows}),
                                   {.unit = "token", .units_per_item = double(rows.size(1))}),
      device, autotune::meter_options(device, "auto"));
  autotune::TuneOptions options{.max_batch = 32, .effort = autotune::Effort::quick};
  options.budget.seconds = seconds;
  const autotune::TuneResult result = session.tune(options);
  const auto kept = autotune::ProfileStore::from_environment().save(autotune::make_profile(result));
  std::cout << autotune::table(result, kept.string());
  return result.best.config;
}

int main(int argc, char** argv) try {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 30;
  const at::Tensor rows = at::randn({64, 32, 256});
  const autotune::LiveModel model = make_encoder();
  std::vector<std::string> warnings;
  const autotune::LookUp look_up = autotune::look_up(model.name, "cpu", {}, warnings);
  const autotune::Config config =
      look_up.found.config ? *look_up.found.config : tune(model, rows, seconds);
  autotune::TunedModel tuned = autotune::TunedModel::wrap(model, config);
  std::cout << "runs as " << to_string(tuned.config()) << ": "
            << tuned.forward({rows}).toTensor().sizes() << std::endl;
  return 0;
} catch (const autotune::Error& error) {
  std::cerr << "live_module: " << error.what() << std::endl;
  return autotune::exit_status(error.code());
}
