#pragma once
/// \file All of Lathe's public headers.

#include "lathe/codegen/compile.h"
#include "lathe/codegen/jit.h"
#include "lathe/codegen/lower.h"
#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/boundary.h"
#include "lathe/dsl/extern.h"
#include "lathe/dsl/func.h"
#include "lathe/dsl/kernel.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operand.h"
#include "lathe/dsl/operators.h"
#include "lathe/dsl/reduction.h"
#include "lathe/dsl/stream.h"
#include "lathe/dsl/tensor.h"
#include "lathe/dsl/var.h"
#include "lathe/hls/emit.h"
#include "lathe/ir/arch.h"
#include "lathe/ir/buffer.h"
#include "lathe/ir/cycles.h"
#include "lathe/ir/error.h"
#include "lathe/ir/full_rate.h"
#include "lathe/ir/interpret.h"
#include "lathe/ir/print.h"
#include "lathe/ir/target.h"
#include "lathe/ir/type.h"
#include "lathe/schedule/bounds.h"
#include "lathe/schedule/schedule.h"
#include "lathe/schedule/stencil_model.h"

namespace lathe {

/// As it is written, without a schedule.
inline JitFunction jit(const Func& f, const Target& target = Target::host()) {
    return jit(Schedule(f), target);
}
inline std::vector<AnyBuffer> realize(const Func& f, const std::vector<AnyBuffer>& inputs = {},
                                      const std::map<std::string, Value>& scalars = {}) {
    return realize(Schedule(f), inputs, scalars);
}

} // namespace lathe
