#pragma once
#include <lathe/driver/generator.h>

lathe::Generator kmeans_generator();
