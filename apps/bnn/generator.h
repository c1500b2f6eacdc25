#pragma once
#include <lathe/driver/generator.h>

lathe::Generator bnn_generator();
