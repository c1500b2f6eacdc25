#pragma once
/// \file All of Lathe's public headers.

#include "lathe/ir/error.h"
#include "lathe/ir/type.h"
