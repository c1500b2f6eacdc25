// In a simulation without a device: xrt::kernel and xrt::run.
#include "../lathe_xrt.h"
