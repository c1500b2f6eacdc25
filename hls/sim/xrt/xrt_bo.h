// In a simulation without a device: xrt::bo.
#include "../lathe_xrt.h"
