#pragma once
#include "measure/window.hpp"
#include "vocabulary/json.hpp"

// What a step gave, as a journal keeps it: everything that the rest of a tune asks of it.
namespace autotune {

void to_json(Json& json, const Window& window);
void from_json(const Json& json, Window& window);

}  // namespace autotune
