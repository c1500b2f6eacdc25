#include "../gaussian/algorithm.h"
#include "../gemm/algorithm.h"
#include "sides.h"

#include <chrono>
#include <vector>

namespace compile_time {

void schedule_gemm() {
    cpu_schedule(gemm_algorithm(), lathe::Target::host());
}

void schedule_gaussian() {
    cpu_schedule(gaussian(5, lathe::UInt(8)), lathe::Target::host());
}

ChainTime lathe_chain(int stages) {
    using namespace lathe;
    using Clock = std::chrono::steady_clock;
    const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
    Param N("N");
    Var i("i");
    Input a("a", Float(32), {N});
    std::vector<Func> f;
    for (int n = 0; n < stages; ++n) {
        Func next("f" + std::to_string(n), Float(32), {N});
        next(i) = (n == 0 ? Expr(a(i)) : Expr(f.back()(i))) * 2.0f + 1.0f;
        f.push_back(next);
    }
    const Clock::time_point start = Clock::now();
    Schedule s(f.back());
    for (const Func& stage : f)
        s[stage].vectorize(i, 8);
    const Clock::time_point scheduled = Clock::now();
    jit(s);
    return {seconds(scheduled - start), seconds(Clock::now() - scheduled)};
}

void lathe_buffers(int buffers) {
    using namespace lathe;
    Param N("N");
    Var i("i"), j("j");
    std::vector<Input> in;
    std::vector<Func> out;
    const auto half = static_cast<size_t>(buffers / 2);
    for (size_t n = 0; n < half; ++n)
        in.emplace_back("a" + std::to_string(n), Float(32), Shape{N, N});
    for (size_t n = 0; n < half; ++n) {
        out.emplace_back("o" + std::to_string(n), Float(32), Shape{N, N});
        out.back()(i, j) = in[n](i, j) * 2.0f + in[(n + 1) % half](j, i);
    }
    jit(Schedule(out));
}

void lathe_gemm() {
    const lathe::Target target = lathe::Target::host();
    lathe::jit(cpu_schedule(gemm_algorithm(), target), target);
}

void lathe_gaussian() {
    const lathe::Target target = lathe::Target::host();
    lathe::jit(cpu_schedule(gaussian(5, lathe::UInt(8)), target), target);
}

} // namespace compile_time
