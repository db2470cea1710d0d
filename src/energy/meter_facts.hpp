#pragma once
#include "autotune/energy.hpp"
#include "vocabulary/json.hpp"

namespace autotune {

void to_json(Json& json, const MeterFacts& facts);
void from_json(const Json& json, MeterFacts& facts);

}  // namespace autotune
