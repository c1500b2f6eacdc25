#pragma once
/// \file All of Lathe's public headers.

#include "lathe/dsl/algorithm.h"
#include "lathe/dsl/boundary.h"
#include "lathe/dsl/func.h"
#include "lathe/dsl/math.h"
#include "lathe/dsl/operand.h"
#include "lathe/dsl/operators.h"
#include "lathe/dsl/reduction.h"
#include "lathe/dsl/tensor.h"
#include "lathe/dsl/var.h"
#include "lathe/ir/error.h"
#include "lathe/ir/type.h"
