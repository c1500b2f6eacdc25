#pragma once
#include <lathe/driver/generator.h>

lathe::Generator jacobi_generator();
