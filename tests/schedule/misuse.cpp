// Calls that make no sense: loops of other Funcs, of other schedules and of nobody, handles that are gone,
// numbers from everywhere. Each is carried out or refused by an Error; nothing crashes, and a refused call
// changes nothing.

#include "deep.h"
#include "random_schedule.h"

#include <lathe/lathe.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// A schedule, and a mix of things to call it with.
class Misuser {
  public:
    explicit Misuser(unsigned seed) : random(seed), kernel(sort_kernel()), schedule(first_schedule()) {
        for (const Var& v : {gemm.i, gemm.j, blur.y, blur.x, Var("i"), Var("nobody's")})
            loops.emplace_back(v);
        loops.emplace_back(gemm.k);
        for (const Func& f : {gemm.C, blur.out, blur.rows, packed.C, packed.P, packed.panel})
            funcs.push_back(f);
        funcs.emplace_back("nobody's");
    }

    /// One call; true if it was carried out.
    bool call() {
        const std::string before = print(schedule), trace = schedule.trace(), json = schedule.trace_json();
        try {
            any_call();
            verify(schedule.module());
            return true;
        } catch (const InternalError& e) {
            FAIL(e.message() << "\n" << before);
        } catch (const Error& e) {
            CHECK(!e.message().empty());
            CHECK(print(schedule) == before);
            CHECK(schedule.trace() == trace);
            CHECK(schedule.trace_json() == json);
        }
        return false;
    }

  private:
    Schedule first_schedule() {
        switch (random() % 4) {
        case 0:
            return Schedule(gemm.C);
        case 1:
            return Schedule(blur.out);
        case 2:
            return Schedule(kernel);
        default:
            return Schedule(packed.C);
        }
    }

    static Kernel sort_kernel() {
        Param N("N");
        InOut a("a", Int(32), {N});
        return Kernel("sort", {a}, [&](KernelBody& k) {
            k.for_(Var("i"), 1, N, [&] {
                k.for_(N - 1, 0, -1, [&](const Var& j) {
                    k.if_(a(j - 1) > a(j), [&] { k.store({a(j), a(j - 1)}, a(j - 1), a(j)); });
                });
            });
        });
    }

    size_t pick(size_t n) { return random() % n; }
    const LoopRef& loop() { return loops[pick(loops.size())]; }
    const Func& func() { return funcs[pick(funcs.size())]; }
    int64_t number() {
        constexpr int64_t all[] = {-9, -1, 0, 1, 2, 3, 4, 8, 1000, 1 << 20, INT64_MAX, INT64_MIN};
        return all[pick(std::size(all))];
    }
    void keep(const Loop& l) { loops.emplace_back(l); }

    StageHandle stage() {
        const Func& f = func();
        StageHandle s = pick(8) == 0 ? schedule[kernel] : schedule[f];
        switch (pick(6)) {
        case 0:
            return s.init();
        case 1:
            return s.update(static_cast<int>(number() % 5));
        case 2:
            return s.all();
        case 3:
            return pick(4) ? s : s.write_back();
        default:
            return s;
        }
    }

    /// A step of any primitive with any operands, also with too few and too many.
    void any_step() {
        const auto all = schedule::all_primitives();
        const schedule::Primitive& p = *all[pick(all.size())];
        const auto some = [&](const schedule::Count& c) {
            const size_t n = pick(6) ? c.least : c.least + pick(3);
            return pick(12) ? std::min(n, c.most) : n + 1;
        };
        schedule::Step s;
        s.primitive = pick(50) ? &p : nullptr;
        s.func = pick(20) ? func().symbol() : Symbol("nobody's");
        s.definition = static_cast<int>(pick(3));
        for (size_t n = some(p.loops); n-- > 0;)
            s.loops.push_back(loop().symbol);
        for (size_t n = some(p.numbers); n-- > 0;)
            s.numbers.push_back(number());
        for (const schedule::WordOperand& w : p.words)
            s.words.emplace_back(w.values.empty() || pick(5) == 0 ? "word" : w.values[pick(w.values.size())]);
        if ((p.consumer || p.callee) != (pick(20) == 0)) s.target = func().symbol();
        if (p.tensor != (pick(20) == 0)) s.tensor = pick(20) ? func().symbol() : Symbol("nobody's");
        s.every = pick(3) == 0;
        schedule.call(std::move(s));
    }

    void any_call() {
        switch (pick(8)) {
        case 6:
        case 7:
            return any_step();
        case 0:
            return types_and_sizes();
        case 1:
            return whole_func();
        default:
            return loop_call();
        }
    }

    void loop_call() {
        StageHandle s = stage();
        constexpr Tail tails[] = {Tail::guard, Tail::shift_inwards, Tail::peel, Tail::exact};
        const Tail tail = tails[pick(4)];
        switch (pick(12)) {
        case 0:
            for (const Loop& l : s.split(loop(), number(), tail))
                keep(l);
            return;
        case 1:
            for (const Loop& l : s.tile({loop(), loop()}, {number(), number()}, tail))
                keep(l);
            return;
        case 2:
            s.reorder(std::vector<LoopRef>{loop(), loop(), loop()});
            return;
        case 3:
            keep(s.fuse(loop(), loop()));
            return;
        case 4:
            pick(2) ? s.parallel(loop()) : s.serial(all(loop()));
            return;
        case 5:
            pick(2) ? s.unroll(loop()) : s.unroll(loop(), number());
            return;
        case 6:
            pick(2) ? s.vectorize(loop()) : s.vectorize(loop(), number());
            return;
        case 7:
            s.pipeline(loop(), number());
            return;
        case 8:
            pick(2) ? s.fuse_init(loop()) : s.fuse_init();
            return;
        case 9: {
            const LoopRef of = loop();
            for (const LoopCopy& copy : s.separate(std::vector<LoopRef>(pick(3), of)))
                keep(copy(loop()));
            return;
        }
        case 10:
            s.rename(loop(), pick(2) ? "again" : "");
            return;
        default:
            s.split(all(loop()).loop, number(), tail, {"same", "same"});
        }
    }

    void whole_func() {
        switch (pick(6)) {
        case 0:
            schedule.compute_root(func());
            return;
        case 1:
            schedule.inline_(func());
            return;
        case 2:
            schedule.store_in(func(),
                              pick(2) ? MemorySpace::stack() : MemorySpace(pick(2) ? "registers" : "attic"));
            return;
        case 3:
            schedule.inline_all_pure();
            return;
        case 4:
            schedule.apply_trace(Schedule(pick(2) ? gemm.C : blur.out).trace_json());
            return;
        default:
            schedule.compute_at(func(), func(), loop());
        }
    }

    void types_and_sizes() {
        const Type types[] = {Bool(),       Int(1),    UInt(4096),
                              Fixed(9, 30), Float(16), Fixed(7, -3, Round::rnd, Overflow::sat)};
        switch (pick(4)) {
        case 0:
            schedule.bind(pick(2) ? gemm.M : Param("N"), number());
            return;
        case 1:
            schedule.disable_contraction();
            return;
        case 2:
            schedule.quantize(pick(2) ? TensorRef(func()) : TensorRef(gemm.A), types[pick(6)]);
            return;
        default:
            schedule.quantize(func(), types[pick(6)],
                              {.accumulate = pick(2) ? Accumulate::exact : Accumulate(types[pick(6)]),
                               .literals = types[pick(6)],
                               .strict = pick(2) == 0});
        }
    }

    std::mt19937 random;
    Gemm gemm;
    Blur blur;
    PackedGemm packed;
    Kernel kernel;
    std::vector<LoopRef> loops;
    std::vector<Func> funcs;
    Schedule schedule;
};

} // namespace

TEST_CASE("calls that make no sense") {
    int carried_out = 0, calls = 0;
    constexpr int each = 20;
    for (int seed = 0; seed < count(150, 100000 / each); ++seed) {
        CAPTURE(seed);
        Misuser user(static_cast<unsigned>(seed));
        for (int n = 0; n < each; ++n) {
            carried_out += user.call();
            ++calls;
        }
    }
    MESSAGE(calls << " calls, " << carried_out << " carried out");
    CHECK(carried_out > calls / 50);
}
