#include "jacobi/algorithm.h"

using namespace lathe;

Schedule cpu_schedule(const Jacobi& k, const Target& target) {
    Schedule s(k.kernel);
    const int64_t lanes = target.natural_lanes(Float(32));
    s[k.kernel].vectorize(k.j, lanes).vectorize(k.u, lanes);
    return s;
}

Schedule vitis_schedule(const Jacobi& k) {
    Schedule s(k.kernel);
    const TensorRef lines = s.reuse_at(k.A, k.kernel, k.i);
    s.reuse_at(lines, k.kernel, k.j);
    s[k.kernel].pipeline(k.j, 1).pipeline(k.u, 1);
    return s;
}

std::vector<TypeChoice> element_types(const JacobiValid& j, Type element) {
    return {{{j.in}, element}, {{j.out}, element, {.literals = j.constant}}};
}

Schedule cpu_schedule(const JacobiValid& j, const Target& target) {
    Schedule s(j.out);
    s[j.out].vectorize(j.x, target.natural_lanes(Float(32)));
    return s;
}

Schedule network_schedule(const JacobiValid& j, const support::StencilChoice& choice) {
    return support::stencil_schedule(j.out, j.x, element_types(j, choice.element), choice);
}
