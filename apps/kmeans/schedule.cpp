#include "kmeans/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const KMeans& k) {
    return Schedule(k.kernel);
}

Schedule vitis_schedule(const KMeans& k) {
    return Schedule(k.kernel);
}
