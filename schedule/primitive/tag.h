#pragma once
/// \file serial, parallel, unroll, vectorize: how a loop runs.

#include "../src/edit.h"

namespace lathe::schedule {

using namespace ir;

void serial(Edit& e);
void parallel(Edit& e);
void unroll(Edit& e);
void vectorize(Edit& e);

} // namespace lathe::schedule
