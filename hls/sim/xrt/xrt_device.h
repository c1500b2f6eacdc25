// In a simulation without a device: xrt::device.
#include "../lathe_xrt.h"
