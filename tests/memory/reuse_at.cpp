// reuse_at: what it makes, what it refuses, and random stencils in all backends.

#include "deep.h"
#include "drawn.h"
#include "everywhere.h"
#include "lathe/dsl/boundary.h"
#include "lathe/dsl/kernel.h"
#include "random_stencil.h"
#include "refusal.h"
#include "vitis_compiled.h"

#include "lathe/hls/emit.h"
#include "lathe/ir/layout.h"

#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::ir;

namespace {

std::optional<Tensor> find_tensor(const Module& m, const Symbol& name) {
    std::optional<Tensor> found;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                if (const Tensor* t = a->find(name)) found = *t;
        },
        nullptr);
    return found;
}

/// Counts how often each element of a tensor is read, in an output of its own.
class CountReads : public Mutator {
  public:
    CountReads(const Tensor& of) : source(of), counts(of) {
        counts.symbol = Symbol("reads");
        counts.type = Int(16);
        counts.space = MemorySpace::heap();
        counts.layout = {};
    }
    Module operator()(const Module& m) {
        Module r = m;
        r.top().body = Mutator::operator()(m.top().body);
        r.top().arguments.push_back({counts, Direction::inout});
        return r;
    }

  protected:
    using Mutator::visit;
    /// Only a store reads it: an element, or one of a select's arms.
    Stmt visit(const Store& s, const Stmt& self) override {
        std::vector<Stmt> all;
        const Expr& value = s.targets[0].value;
        const auto* choice = value.as<Select>();
        if (const auto* l = (choice ? choice->then_value : value).as<Load>();
            l && l->tensor == source.symbol) {
            Stmt add = Reduce::make(BinaryOp::add, {counts.symbol, counts.type, l->indices,
                                                    Constant::make(Value::from_raw(Int(16), 1))});
            all.push_back(choice ? If::make(choice->condition, add) : add);
        }
        all.push_back(self);
        return Block::make(all);
    }

  private:
    const Tensor source;
    Tensor counts;
};

Tensor declaration(const Module& m, const Symbol& t) {
    for (const Argument& a : m.top().arguments)
        if (a.tensor.symbol == t) return a.tensor;
    return *find_tensor(m, t);
}

/// Reuse along some of the loops, outermost first; the buffers.
struct Reused {
    std::vector<Symbol> buffers;
    std::vector<size_t> dimensions; ///< of the stencil
};

Reused reuse(Schedule& s, const RandomStencil& stencil, std::mt19937& random) {
    StageHandle out = s.stage(stencil.consumer);
    if (stencil.definition == 1) out = out.update(0);
    Reused r;
    Symbol from = stencil.source;
    for (size_t d = 0; d < stencil.loops.size(); ++d) {
        if (stencil.windows[d] <= stencil.steps[d] || random() % 4 == 0) continue;
        try {
            from = out.reuse_at(TensorRef(from), stencil.loops[d]).symbol;
        } catch (const Error& e) { // a window that conditions cut short, or a mirror of more than all
            CAPTURE(e.message());
            const auto says = [&](const char* part) { return e.message().find(part) != std::string::npos; };
            REQUIRE(
                ((stencil.borders && says("which holds")) ||
                 (stencil.mirrors && (says("not always as many") || says("from its end to its beginning"))) ||
                 (stencil.edges && says("no subscript")) ||
                 ((stencil.borders || stencil.edges) && says("there is nothing to reuse"))));
            continue;
        }
        r.buffers.push_back(from);
        r.dimensions.push_back(d);
    }
    return r;
}

/// What may come afterwards: blocks of every kind, other orders, copies.
void more_steps(Schedule& s, const RandomStencil& stencil, std::mt19937& random) {
    StageHandle out = s.stage(stencil.consumer);
    if (stencil.definition == 1) out = out.update(0);
    constexpr Tail tails[] = {Tail::guard, Tail::shift_inwards, Tail::shift_inwards, Tail::peel};
    for (int n = 0; n < 3; ++n) {
        const LoopRef loop = stencil.loops[random() % stencil.loops.size()];
        const auto factor = static_cast<int64_t>(2 + random() % 3);
        try {
            switch (random() % 6) {
            case 0:
            case 4:
                out.split(loop, factor, tails[random() % 4]);
                break;
            case 1:
                out.reorder({stencil.loops.back(), stencil.loops.front()});
                break;
            case 2:
                out.unroll(loop, factor);
                break;
            case 5:
                if (stencil.produced) s.stage(stencil.source).inline_();
                break;
            default:
                out.pipeline(loop);
            }
        } catch (const InternalError&) {
            throw;
        } catch (const Error&) { // illegal, or the loop is gone
        }
    }
}

} // namespace

TEST_CASE("reuse_at: random stencils read each element once, in buffers as small as can be") {
    int reused = 0, whole = 0;
    for (int seed = 0; seed < count(120, 2000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomStencil stencil = random_stencil(random);
        Schedule s(stencil.algorithm);
        const Reused r = reuse(s, stencil, random);
        if (r.buffers.empty()) continue;
        ++reused;
        const std::string text = print(s);
        CAPTURE(text);
        verify(s.module());
        const std::vector<AnyBuffer> arguments = make_arguments(s.module(), stencil.sizes, 7);
        const std::string wrong =
            check_schedule(s.reference(), s.module(), arguments, make_scalars(s.module(), stencil.sizes));
        REQUIRE(wrong == "");
        for (size_t n = 0; n < r.buffers.size(); ++n) {
            const Tensor buffer = *find_tensor(s.module(), r.buffers[n]);
            int64_t folds = 0;
            for (const DimLayout& d : buffer.layout.dims)
                folds += d.fold;
            // A mirror may stand on the window's other side; of few elements an edge leaves less to hold.
            if (!stencil.mirrors) CHECK(folds <= stencil.windows[r.dimensions[n]]);
            if (!stencil.borders && !stencil.edges) CHECK(folds == stencil.windows[r.dimensions[n]]);
        }
        // With a buffer along every loop that has something to reuse, each element is read at most once.
        if (r.dimensions[0] != 0) continue;
        ++whole;
        const Module counting = CountReads(declaration(s.module(), stencil.source))(s.module());
        std::vector<AnyBuffer> buffers = make_arguments(counting, stencil.sizes, 7);
        buffers.back().fill(Value::from_raw(Int(16), 0));
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : buffers)
            pointers.push_back(&b);
        interpret(counting, pointers, make_scalars(counting, stencil.sizes));
        const auto* reads = reinterpret_cast<const int16_t*>(buffers.back().data());
        for (int64_t n = 0; n < buffers.back().size(); ++n)
            REQUIRE(reads[n] <= 1);
    }
    CHECK(reused > count(60, 1000));
    CHECK(whole > count(20, 300));
}

TEST_CASE("reuse_at: shift registers hold what rings do, whatever steps come afterwards") {
    for (int seed = 20400; seed < count(20600, 22000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomStencil stencil = random_stencil(random);
        Schedule s(stencil.algorithm);
        if (reuse(s, stencil, random).buffers.empty()) continue;
        more_steps(s, stencil, random);
        const Module shifted = shift_folds(s.module());
        const std::string text = print(shifted);
        CAPTURE(text);
        const std::vector<AnyBuffer> expected = run(s.reference(), stencil.sizes, 3);
        std::vector<AnyBuffer> got = make_arguments(s.module(), stencil.sizes, 3);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        jit(shifted).call(pointers, make_scalars(s.module(), stencil.sizes));
        for (size_t n = 0; n < got.size(); ++n)
            REQUIRE(bit_equal(got[n], expected[n]));
    }
}

TEST_CASE("reuse_at: random stencils as machine code and as Vitis C++") {
    VitisKernels kernels;
    std::vector<std::pair<Module, std::map<std::string, int64_t>>> emitted;
    for (int seed = 5000; emitted.size() < 40; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const RandomStencil stencil = random_stencil(random);
        Schedule s(stencil.algorithm);
        if (reuse(s, stencil, random).buffers.empty()) continue;
        for (const auto& [name, value] : stencil.sizes)
            for (const Param& p : s.module().top().params)
                if (p.symbol.name() == name) {
                    s.bind(p, value);
                    break;
                }
        more_steps(s, stencil, random);
        const std::string text = print(s);
        CAPTURE(text);
        std::vector<AnyBuffer> expected = run(s.reference(), {}, 3), got = make_arguments(s.module(), {}, 3);
        std::vector<AnyBuffer*> pointers;
        for (AnyBuffer& b : got)
            pointers.push_back(&b);
        jit(s.module()).call(pointers);
        for (size_t n = 0; n < got.size(); ++n)
            CHECK(bit_equal(got[n], expected[n]));
        try {
            kernels.add(s.module());
        } catch (const Error& e) { // a mirror in a dimension without a buffer: it reads more at some borders
            REQUIRE(stencil.mirrors);
            REQUIRE(e.message().find("an array's size is constant") != std::string::npos);
            continue;
        }
        emitted.emplace_back(s.reference(), std::map<std::string, int64_t>{});
    }
    kernels.compile();
    for (size_t k = 0; k < emitted.size(); ++k) {
        CAPTURE(k);
        kernels.expect_right(k, emitted[k].first, {emitted[k].second});
    }
}

namespace {

/// What a 3×3 sum of these borders reads of its source, and the buffers; the schedule is right everywhere.
std::string with_edges(const Bounded& in, const Input& source) {
    Var y("y"), x("x");
    Func out("out", Int(32), {9, 11});
    out(y, x) =
        in(y - 1, x - 1) + in(y - 1, x + 1) * 2 + in(y, x) * 4 + in(y + 1, x - 1) * 8 + in(y + 1, x + 1);
    Schedule s(out);
    const TensorRef lines = s.reuse_at(source, out, y);
    s.reuse_at(lines, out, x);
    s[out].pipeline(x);
    check_everywhere(s);
    return print(s);
}

} // namespace

TEST_CASE("reuse_at: elements at the edge stay in the buffer, and their mirrors") {
    Input in("in", Int(16), {9, 11});
    const std::string repeated = with_edges(repeat_edge(in), in);
    has(repeated, "fold (3, 0)");
    has(repeated, "fold (0, 3)");
    has(repeated, "for x in pipeline(-2, 11, II=1):");
    size_t loops = 0; // one pixel in and one out in each iteration: no loop beside it
    for (size_t at = 0; (at = repeated.find("for ", at)) != std::string::npos; ++at)
        ++loops;
    CHECK(loops == 3);
    has(with_edges(mirror(in), in), "fold (0, 3)");
    has(with_edges(mirror_interior(in), in), "fold (0, 3)");
    Var y("y"), x("x");
    const Bounded around = wrap(in);
    Func f("f", Int(32), {9, 11}), far("far", Int(32), {40, 11});
    f(y, x) = around(y - 1, x) + around(y + 1, x);
    has(refusal([&] { Schedule(f).reuse_at(in, f, y); }), "which is not always as many, or as far on");
    const Bounded edge = repeat_edge(in);
    far(y, x) = edge(y - 1, x) + edge(y + 1, x);
    has(refusal([&] { Schedule(far).reuse_at(in, far, y); }), "which is not always as many, or as far on");
}

TEST_CASE("reuse_at: clamped windows of sizes that are parameters, in tiles, and of a stage") {
    Param H("H"), W("W");
    Var y("y"), x("x");
    Input in("in", UInt(8), {H, W});
    Func f("f", UInt(16), {H, W}), out("out", Int(32), {H, W});
    f(y, x) = in(y, x) * 3;
    const Bounded edge = repeat_edge(f);
    out(y, x) = edge(y - 2, x) + edge(y, x - 1) * 2 + edge(y + 1, x + 1) + edge(y + 2, x + 2);
    const std::vector<Sizes> sizes = {
        {{"H", 9}, {"W", 13}}, {{"H", 8}, {"W", 2}}, {{"H", 1}, {"W", 1}}, {{"H", 0}, {"W", 3}}};
    Schedule s(out);
    const TensorRef lines = s.reuse_at(f, out, y);
    s.reuse_at(lines, out, x);
    expect_same_as_code(s, sizes);
    Schedule tiles(out);
    auto [yo, xo, yi, xi] = tiles[out].tile({y, x}, {4, 3});
    tiles.reuse_at(f, out, yi);
    tiles[out].parallel(yo);
    expect_same_as_code(tiles, sizes);
    Schedule streamed(out);
    streamed.reuse_at(f, out, y);
    streamed.bind(H, 9).bind(W, 13).stream(f, out);
    check_everywhere(streamed);
    expect_same_with_stalls(streamed);
}

TEST_CASE("reuse_at: a kernel's array, all of which is stored before") {
    Var y("y"), x("x"), u("u"), v("v"), t("t");
    Param n("n");
    Input in("in", Int(16), {10, 12});
    Output out("out", Int(32), {10, 12});
    std::optional<Array> held;
    /// How much of the array is stored: all of it, all but a row or but one element, under a condition.
    const auto kernel = [&](int rows,
                            const std::function<void(KernelBody&, const std::function<void()>&)>& when) {
        return Kernel("kernel", {in, out}, [&](KernelBody& b) {
            b.for_(t, 0, 2, [&] {
                held = b.array("held", Int(16), {10, 12});
                b.for_(u, 0, rows, [&] {
                    b.for_(v, 0, 12, [&] { when(b, [&] { (*held)(rows - 1 - u, v) = in(u, v) + t; }); });
                });
                b.for_(y, 0, 8, [&] {
                    b.for_(x, 0, 12,
                           [&] { out(y, x) = (*held)(y, x) + (*held)(y + 1, x) * 2 + (*held)(y + 2, x); });
                });
            });
        });
    };
    const auto always = [](KernelBody&, const std::function<void()>& store) { store(); };
    const Kernel all = kernel(10, always);
    Schedule s(all);
    const TensorRef lines = s.reuse_at(*held, all, y);
    has(print(s), "fold (3, 0)");
    check_everywhere(s);
    const Kernel less = kernel(9, always);
    has(refusal([&] { Schedule(less).reuse_at(*held, less, y); }),
        "that is copied may hold nothing: held[9, ");
    const Kernel hole = kernel(
        10, [&](KernelBody& b, const std::function<void()>& store) { b.if_(Expr(u) + v != 7, store); });
    has(refusal([&] { Schedule(hole).reuse_at(*held, hole, y); }), "and not proved to be stored before");
    const Kernel halves = kernel(10, [&](KernelBody& b, const std::function<void()>& store) {
        b.if_(Expr(v) < 5, store);
        b.if_(Expr(v) >= 5, store);
    });
    Schedule both(halves);
    both.reuse_at(*held, halves, y);
    check_everywhere(both);
    const Kernel data =
        kernel(10, [&](KernelBody& b, const std::function<void()>& store) { b.if_(in(u, v) > 3, store); });
    has(refusal([&] { Schedule(data).reuse_at(*held, data, y); }), "that is copied may hold nothing");
}

TEST_CASE("reuse_at: random stores to a kernel's array, accepted just where all that is read is stored") {
    int accepted = 0, refused = 0;
    for (int seed = 0; seed < count(80, 1000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
        Var y("y"), x("x");
        Input in("in", Int(16), {8, 8});
        Output out("out", Int(32), {8, 8});
        std::optional<Array> held;
        const int rows = 4 + pick(3), last = pick(4) ? 6 : 5, window = 1 + pick(2);
        const Kernel kernel("kernel", {in, out}, [&](KernelBody& b) {
            held = b.array("held", Int(16), {8, 8});
            for (int part = 0; part < 1 + pick(3); ++part) {
                Var u("u"), v("v");
                const int step = 1 + pick(2), first = pick(3);
                const int a = pick(3) - 1, c = pick(3) - 1, limit = pick(9) - 1;
                const bool down = pick(2) != 0, guarded = pick(2) != 0;
                b.for_(u, first, 8, step, [&] {
                    b.for_(v, 0, pick(4) ? 8 : Expr(u) + 1, [&] {
                        const auto store = [&] { (*held)(down ? 7 - u : Expr(u), v) = in(u, v); };
                        if (guarded)
                            b.if_(Expr(u) * a + Expr(v) * c <= limit, store);
                        else
                            store();
                    });
                });
            }
            b.for_(y, 0, rows, [&] {
                b.for_(x, 0, last, [&] { out(y, x) = (*held)(y, x) * 2 + (*held)(y + window, x); });
            });
        });
        Schedule s(kernel);
        const CheckedRun right(s.reference(), make_arguments(s.module(), {}, 3), {});
        const bool holds = refusal([&] { run(s.reference(), {}, 3); }) == "not refused";
        const std::string why = refusal([&] { s.reuse_at(*held, kernel, y); });
        CAPTURE(why);
        CAPTURE(print(s));
        REQUIRE((why == "not refused") == holds);
        ++(holds ? accepted : refused);
        REQUIRE(right.difference(s.module()) == "");
    }
    CHECK(accepted > count(10, 100));
    CHECK(refused > count(10, 100));
}

TEST_CASE("reuse_at: rows of a stage that are computed at the edge are fewer than a window has") {
    Var y("y"), x("x");
    Param H("H");
    Input in("in", Int(16), {H, 11});
    Func f("f", Int(16), {H, 11}), g("g", Int(32), {H, 11});
    f(y, x) = in(y, x) * 3;
    const Bounded edge = repeat_edge(f);
    g(y, x) = edge(y - 1, x) + edge(y + 1, x) * 2 + edge(y, x - 1) * 4 + edge(y, x + 1) * 8;
    Schedule s(g);
    s.compute_at(f, g, y);
    has(refusal([&] { s.reuse_at(f, g, x); }), "an element of f that is copied may hold nothing: f[");
    Schedule t(g);
    t.reuse_at(f, g, x);
    t.compute_at(f, g, y);
    expect_same_as_code(t, {{{"H", 6}}, {{"H", 1}}, {{"H", 0}}});
}

TEST_CASE("reuse_at refuses") {
    Var y("y"), x("x");
    Param N("N");
    Input in("in", Int(16), {20, 20}), at("at", Int(8), {20}), line("line", Int(16), {N});
    Func f("f", Int(16), {8, 8});
    f(y, x) = in(y, x) + in(y, x + 1);
    const auto message = [](auto&& call) { return refusal(call); };
    Schedule s(f);
    has(message([&] { s.reuse_at(in, f, y); }),
        "an iteration of y reads 1 positions of dimension 0 of in, 1 further on than the one before it: "
        "there is nothing to reuse");
    has(message([&] { s.reuse_at(at, f, y); }), "there is no tensor at around loop y");
    Output out("out", Int(16), {8});
    const Kernel inside("inside", {at, out}, [&](KernelBody& b) {
        b.for_(y, 0, 8, [&] {
            Array own = b.array("own", Int(16), {9});
            b.for_(x, 0, 9, [&] { own(x) = at(x + y); });
            out(y) = own(0) + own(y + 1);
        });
    });
    Symbol own;
    for_each(
        Schedule(inside).module().top().body,
        [&](const Stmt& x) {
            if (const auto* a = x.as<Allocate>()) own = a->tensors[0].symbol;
        },
        nullptr);
    has(message([&] { Schedule(inside).reuse_at(TensorRef(own), inside, y); }),
        "own lives inside of y: an iteration has nothing of the one before it");
    const std::string before = print(s);
    s[f].parallel(x);
    has(message([&] { s.reuse_at(in, f, x); }),
        "loop x is parallel: an iteration leaves to the next one what it has read, so they run in order");
    s[f].serial(x);
    CHECK(print(s) == before);
    s.reuse_at(in, f, x);
    has(message([&] { s[f].parallel(x); }), "in_x");
    has(message([&] { s[f].vectorize(x); }), "in_x");

    Func diagonal("diagonal", Int(16), {8});
    diagonal(x) = in(x, x) + in(x + 1, x + 1);
    has(message([&] { Schedule(diagonal).reuse_at(in, diagonal, x); }),
        "dimensions 0 and 1 of in both move with loop x");
    Func back("back", Int(16), {8});
    back(x) = in(0, 9 - x) + in(0, 10 - x);
    has(message([&] { Schedule(back).reuse_at(in, back, x); }),
        "in is read from its end to its beginning: loop x goes 1 positions back");
    Func gather("gather", Int(16), {8});
    gather(x) = in(0, clamp(at(x), 0, 19));
    has(message([&] { Schedule(gather).reuse_at(in, gather, x); }), "no subscript of in moves with loop x");
    Func varies("varies", Int(16), {8});
    varies(x) = in(0, x) + in(0, 2 * x);
    has(message([&] { Schedule(varies).reuse_at(in, varies, x); }),
        "which is not always as many, or as far on");
    Func far("far", Int(16), {8});
    far(x) = in(0, 2 * x) + in(0, 2 * x + 1);
    has(message([&] { Schedule(far).reuse_at(in, far, x); }),
        "an iteration of x reads 2 positions of dimension 1 of in, 2 further on than the one before it: "
        "there is nothing to reuse");

    InOut a("a", Int(16), {8, 8});
    const Kernel seidel("seidel", {a}, [&](KernelBody& k) {
        k.for_(y, 1, 6, [&] { k.for_(x, 1, 6, [&] { a(y, x) = a(y - 1, x) + a(y, x) + a(y + 1, x); }); });
    });
    has(message([&] { Schedule(seidel).reuse_at(a, seidel, y); }),
        "in the same loop y: a buffer would hold what was there before");
    CHECK(message([&] {
              Schedule(f).reuse_at(TensorRef(Symbol("nothing")), f, x);
          }).find("there is no tensor nothing around loop x") != std::string::npos);
}

TEST_CASE("reuse_at: a line buffer and a window are filled in one loop") {
    Var y("y"), x("x");
    Input in("in", Int(16), {34, 66});
    Func out("out", Int(32), {32, 64});
    out(y, x) = cast(Int(32), in(y, x)) + in(y, x + 1) + in(y + 1, x + 2) * 2 + in(y + 2, x);
    Schedule s(out);
    const TensorRef lines = s.reuse_at(in, out, y);
    s.reuse_at(lines, out, x);
    s[out].pipeline(x);
    CHECK(print(s) == R"(def out(in: Tensor[Int(16), (34, 66)], out: out Tensor[Int(32), (32, 64)]):
    # out.init
    with alloc(in_y: Tensor[Int(16), (34, 66)], fold (3, 0), partition (complete, none)):
        for y in range(-2, 32):
            with alloc(in_y_x: Tensor[Int(16), (3, 66)] at (y, 0), fold (0, 3), partition (complete, complete)):
                for x in pipeline(-2, 64, II=1):
                    in_y[y + 2, x + 2] = in[y + 2, x + 2]
                    if 0 <= y:
                        for in_y_x0 in unrolled(3):
                            in_y_x[y + in_y_x0, x + 2] = in_y[y + in_y_x0, x + 2]
                        if 0 <= x:
                            out[y, x] = Int(32)(in_y_x[y, x]) + in_y_x[y, x + 1] + in_y_x[y + 1, x + 2] * 2 + in_y_x[y + 2, x]
)");
    const std::string source = vitis_source(s.module());
    for (const char* part :
         {"ap_int<16> in_y[3][66];", "#pragma HLS array_partition variable=in_y type=complete dim=1\n",
          "ap_int<16> in_y_x[3][3];", "#pragma HLS array_partition variable=in_y_x type=complete dim=2\n",
          "in_y[in_y_shift][x + 2] = in_y[in_y_shift + 1][x + 2];",
          "in_y[2][x + 2] = in[(y + 2) * 66 + x + 2];", "in_y_x[in_y_x0][2] = in_y[in_y_x0][x + 2];"})
        CHECK(source.find(part) != std::string::npos);
    Schedule again(build(std::vector<Func>{out}));
    again.apply_trace(s.trace_json());
    CHECK(print(again) == print(s));
    CHECK(again.trace() == s.trace());
    s.quantize(in, Int(7));
    CHECK(print(s).find("alloc(in_y_x: Tensor[Int(7)") != std::string::npos);
    CHECK(check_schedule(s.reference(), s.module(), make_arguments(s.module(), {}, 5)) == "");
}

TEST_CASE("reuse_at: of a tile, and of a row of a stage that is computed as it is needed") {
    Param H("H"), W("W");
    Var y("y"), x("x");
    Input in("in", Int(16), {H + 2, W + 2});
    Func f("f", Int(32)), out("out", Int(32), {H, W});
    f(y, x) = cast(Int(32), in(y, x)) * 3;
    out(y, x) = f(y, x) + f(y, x + 2) + f(y + 1, x + 1) + f(y + 2, x);
    const std::vector<Sizes> sizes = {
        {{"H", 9}, {"W", 13}}, {{"H", 8}, {"W", 16}}, {{"H", 1}, {"W", 1}}, {{"H", 0}, {"W", 3}}};
    for (const int64_t width : {8, 3}) {
        Schedule tiles(out);
        auto [yo, xo, yi, xi] = tiles[out].tile({y, x}, {4, width});
        const TensorRef lines = tiles.reuse_at(f, out, yi);
        tiles.reuse_at(lines, out, xi);
        tiles[out].pipeline(xi).parallel(yo);
        expect_same_as_code(tiles, sizes);
    }
    Schedule rows(out);
    rows.reuse_at(f, out, y);
    rows.compute_at(f, out, y); // the row that the buffer takes
    CHECK(print(rows).find("alloc(f: Tensor[Int(32), (1, ") != std::string::npos);
    expect_same_as_code(rows, sizes);
}

TEST_CASE("reuse_at is drawn") {
    drawn("reuse_at");
}
