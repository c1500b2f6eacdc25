#include "kmeans/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const KMeans& k) {
    Schedule s(k.kernel);
    s[k.kernel].parallel(k.n).vectorize(k.e, 32);
    return s;
}

Schedule vitis_schedule(const KMeans& k) {
    Schedule s(k.kernel);
    s[k.kernel].pipeline(k.e, 1);
    return s;
}
