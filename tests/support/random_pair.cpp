#include "random_pair.h"

#include "programs.h"

#include "lathe/dsl/kernel.h"
#include "lathe/ir/analysis.h"
#include "lathe/ir/inline_calls.h"

#include <algorithm>
#include <numeric>

using namespace lathe;
using namespace lathe::ir;

namespace {

class Maker {
  public:
    explicit Maker(std::mt19937& r) : random(r) {}

    RandomPair make() {
        rank = 1 + pick(3);
        for (size_t d = 0; d < rank; ++d) {
            extents.push_back(2 + static_cast<int64_t>(pick(4)));
            p_vars.emplace_back("p" + std::to_string(d));
            c_vars.emplace_back("c" + std::to_string(d));
        }
        pick(3) == 0 ? kernels() : funcs();
        return std::move(result);
    }

  private:
    std::mt19937& random;
    RandomPair result;
    size_t rank = 1;
    std::vector<int64_t> extents; ///< of the tensor
    std::vector<Var> p_vars, c_vars;

    size_t pick(size_t n) { return random() % n; }
    static Shape shape(const std::vector<int64_t>& e) {
        return Shape(std::vector<Extent>(e.begin(), e.end()));
    }

    // ---- Funcs

    void funcs() {
        std::vector<int64_t> room = extents;
        for (int64_t& e : room)
            e += 2;
        Input in("in", Int(16), shape(room));
        Func p("p", Int(24), shape(extents));
        const std::vector<Expr> at(p_vars.begin(), p_vars.end());
        switch (pick(6)) {
        case 0: { // a sum: written again and again
            RDom k(0, 2, "k");
            std::vector<Expr> from = at;
            from[0] = from[0] + k;
            p(at) = cast(Int(24), 1);
            p(at) += in(from);
            result.producer_definition = 1;
            break;
        }
        case 1: // an update of some elements
            p(at) = in(at) * 3;
            p(at) += select(Expr(p_vars[0]) > 0, in(at), 5);
            result.producer_definition = 1;
            break;
        default:
            p(at) = in(at) * 3 + p_vars[rank - 1];
        }
        Func between("between", Int(24), shape(extents));
        if (pick(8) == 0) {
            result.others = true;
            pick(2) ? between(at) = p(at) + 1 : between(at) = in(at) + 1;
        }
        Func c("c", Int(32), shape(consumer_extents()));
        consume(c, p, in);
        std::vector<Func> outputs{c};
        if (pick(8) == 0) { // another reader behind it
            result.others = true;
            Func after("after", Int(24), shape(extents));
            after(at) = p(at) - 7;
            outputs.push_back(after);
        }
        if (result.others) outputs.push_back(between);
        std::erase_if(outputs, [](const Func& f) { return !f.defined(); });
        result.algorithm = build(outputs);
        result.producer = result.tensor = p.symbol();
        result.consumer = c.symbol();
        for (const Var& v : p_vars)
            result.producer_loops.emplace_back(v);
        for (size_t d = 0; d < c_rank; ++d)
            result.consumer_loops.emplace_back(c_vars[d]);
    }

    size_t c_rank = 0;
    size_t kind = 0;
    std::vector<size_t> order; ///< of the consumer's variables in the tensor's subscripts

    std::vector<int64_t> consumer_extents() {
        kind = pick(13);
        order.resize(rank);
        std::iota(order.begin(), order.end(), size_t{0});
        c_rank = rank;
        std::vector<int64_t> e = extents;
        if (kind == 0) std::ranges::shuffle(order, random);
        if (kind == 1) e[pick(rank)] -= 1; // something stays unread
        if (kind == 2) result.windows = true, e[rank - 1] = std::max<int64_t>(1, e[rank - 1] - 1);
        if (kind == 3) result.windows = true, e[0] = std::max<int64_t>(1, e[0] - 1);
        if (kind == 10) e[0] += 1; // more than there is, under a condition
        std::vector<int64_t> own(rank);
        for (size_t d = 0; d < rank; ++d)
            own[order[d]] = e[d];
        return own;
    }

    /// The same load once, or in both arms and in the condition of a select.
    Expr read_once_or_more(const Expr& e) { return pick(2) ? e + 1 : select(e > 3, e, e * 2); }

    void consume(Func& c, Func& p, Input& in) {
        const std::vector<Expr> point(c_vars.begin(), c_vars.begin() + static_cast<std::ptrdiff_t>(c_rank));
        std::vector<Expr> at;
        for (size_t d = 0; d < rank; ++d)
            at.push_back(c_vars[order[d]]);
        const size_t d = pick(rank);
        std::vector<Expr> next = at;
        switch (kind) {
        case 2:
            next[rank - 1] = next[rank - 1] + 1;
            c(point) = p(at) * 2 - p(next);
            return;
        case 3:
            next[0] = next[0] + 1;
            c(point) = p(at) + p(next);
            return;
        case 4: // from its end
            at[d] = static_cast<int>(extents[d] - 1) - at[d];
            c(point) = p(at);
            return;
        case 5: { // some elements under a condition
            const Expr some = at[d] > static_cast<int>(pick(3));
            c(point) = select(some, read_once_or_more(p(at)), in(at));
            return;
        }
        case 6: // one of two arms, always
            c(point) = select(at[d] > 1, p(at) + 1, p(at) - 1);
            return;
        case 7: // twice, in two definitions
            c(point) = p(at);
            c(point) += p(at);
            result.consumer_definition = 1;
            return;
        case 8: // behind an initialisation
            c(point) = cast(Int(32), 3);
            c(point) += p(at) * in(at);
            result.consumer_definition = 1;
            return;
        case 9: // even ones first
            at[d] = at[d] * 2 % static_cast<int>(extents[d] | 1);
            c(point) = select(at[d] < static_cast<int>(extents[d]), read_once_or_more(p(at)), 0);
            return;
        case 10:
            c(point) = select(at[0] < static_cast<int>(extents[0]), p(at) + 2, in(at));
            return;
        default:
            c(point) = p(at) * p(at) + in(at);
        }
    }

    // ---- kernels

    /// Loops over all of the tensor in some order.
    class Loops {
      public:
        Loops(Maker& m, KernelBody& body, const std::vector<Var>& v,
              const std::function<void(std::vector<Expr>)>& f)
            : maker(m), b(body), vars(v), inside(f), nest(m.rank) {
            std::iota(nest.begin(), nest.end(), size_t{0});
            if (m.pick(3) == 0) std::ranges::shuffle(nest, m.random);
            level(0, {v.begin(), v.end()});
        }
        size_t form() const { return kind; }
        std::vector<size_t> nest_order() const { return nest; }

      private:
        Maker& maker;
        KernelBody& b;
        const std::vector<Var>& vars;
        const std::function<void(std::vector<Expr>)>& inside;
        std::vector<size_t> nest;
        const size_t kind = maker.pick(6), special = maker.pick(maker.rank);

        void level(size_t n, const std::vector<Expr>& at) {
            if (n == nest.size()) return inside(at);
            const size_t v = nest[n];
            const Var& i = vars[v];
            const auto extent = static_cast<int>(maker.extents[v]);
            const auto next = [&] { level(n + 1, at); };
            const size_t here = v == special ? kind : 0;
            if (here == 1) { // downwards
                b.for_(i, extent - 1, -1, -1, next);
            } else if (here == 2) { // in two parts
                b.for_(i, 0, 1, next);
                std::vector<Expr> rest = at;
                const Var j(i.name() + "b");
                rest[v] = j;
                b.for_(j, 1, extent, [&] { level(n + 1, rest); });
            } else if (here == 3) { // under a condition
                b.for_(i, 0, extent + 1, [&] { b.if_(Expr(i) < extent, next); });
            } else if (here == 5 && n + 1 == nest.size() && extent % 2 == 0) { // two at a time
                std::vector<Expr> even = at, odd = at;
                even[v] = Expr(i) * 2;
                odd[v] = Expr(i) * 2 + 1;
                if (maker.pick(2)) std::swap(even, odd);
                b.for_(i, 0, extent / 2, [&] {
                    inside(even);
                    inside(odd);
                });
            } else if (here == 4 && n > 0) { // a triangle: not all
                b.for_(i, 0, min(Expr(vars[nest[0]]) + 1, extent), next);
            } else {
                b.for_(i, 0, extent, next);
            }
        }
    };

    void loops(KernelBody& b, const std::vector<Var>& vars, bool consumer,
               const std::function<void(std::vector<Expr>)>& f) {
        const Loops all(*this, b, vars, f);
        if (all.form() == 2) return; // a Var has two loops
        for (const size_t v : all.nest_order())
            (consumer ? result.consumer_loops : result.producer_loops).emplace_back(vars[v]);
    }

    void kernels() {
        Input in("in", Int(16), shape(extents));
        Output out("out", Int(32), shape(extents));
        Input mid_in("mid", Int(24), shape(extents));
        Output mid_out("mid", Int(24), shape(extents));
        Kernel writer("writer", {in, mid_out}, [&](KernelBody& b) {
            loops(b, p_vars, false, [&](std::vector<Expr> at) { mid_out(at) = in(at) * 5 - 2; });
        });
        Kernel reader("reader", {mid_in, out}, [&](KernelBody& b) {
            loops(b, c_vars, true, [&](std::vector<Expr> at) { out(at) = mid_in(at) + 4; });
        });
        Input x("x", Int(16), shape(extents));
        Output y("y", Int(32), shape(extents));
        InOut held("t", Int(24), shape(extents));
        const bool argument = pick(3) == 0; // which holds something before
        std::vector<KernelArgument> arguments{x, y};
        if (argument) arguments.emplace_back(held);
        Kernel top("top", arguments, [&](KernelBody& b) {
            const auto pass = [&](const auto& t) {
                result.tensor = t.symbol();
                b.call(writer, {x, t});
                b.call(reader, {t, y});
            };
            if (argument)
                pass(held);
            else
                pass(b.array("t", Int(24), shape(extents)));
        });
        result.algorithm = build(top);
        result.producer = StageRef(writer).func;
        result.consumer = StageRef(reader).func;
    }
};

} // namespace

RandomPair random_pair(std::mt19937& random) {
    return Maker(random).make();
}

namespace {

/// One call on a stage's loops; whether it was legal.
bool one_call(StageHandle stage, const std::vector<LoopRef>& loops, unsigned what, unsigned which,
              int64_t factor) {
    const LoopRef& loop = loops[which % loops.size()];
    constexpr Tail tails[] = {Tail::guard, Tail::shift_inwards, Tail::peel, Tail::exact};
    try {
        switch (what) {
        case 0:
        case 1:
            stage.split(loop, factor, tails[which % 4]);
            return true;
        case 2:
            stage.unroll(loop, factor);
            return true;
        case 3:
            stage.pipeline(loop);
            return true;
        case 4:
            which % 2 ? stage.vectorize(loop) : stage.parallel(loop);
            return true;
        case 5:
            if (loops.size() > 1) stage.fuse(loops[0], loops[1]);
            return true;
        case 6: {
            if (loops.size() < 2) return false;
            auto [io, jo, ii, ji] = stage.tile({loops[0], loops[1]}, {factor, factor}, Tail::guard);
            return true;
        }
        default:
            if (loops.size() > 1) stage.reorder({loops[1], loops[0]});
            return true;
        }
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        return false;
    }
}

} // namespace

void random_pair_schedule(Schedule& s, const RandomPair& pair, std::mt19937& random) {
    StageHandle producer = s.stage(pair.producer), consumer = s.stage(pair.consumer);
    for (int n = 0; n < 2; ++n) {
        const unsigned what = random() % 12, which = random() % 8;
        const auto factor = static_cast<int64_t>(2 + random() % 2);
        if (what > 7) continue;
        const bool alike = random() % 2;
        if ((alike || n == 0) && !pair.producer_loops.empty())
            one_call(producer, pair.producer_loops, what == 4 && alike ? 3 : what, which, factor);
        if ((alike || n == 1) && !pair.consumer_loops.empty())
            one_call(consumer, pair.consumer_loops, what == 4 && alike ? 3 : what, which, factor);
    }
    try {
        if (pair.producer_definition == 1 && random() % 2) {
            producer.fuse_init();
            s.buffer_at(StageRef(pair.producer, {}), pair.producer_loops.back());
        }
        if (pair.windows && !pair.consumer_loops.empty())
            s.reuse_at(TensorRef(pair.tensor), StageRef(pair.consumer, {}),
                       random() % 3 ? pair.consumer_loops.front() : pair.consumer_loops.back());
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) { // the loop is gone, or there is nothing to reuse
    }
}

namespace {

/// A tensor's loads in an expression, each with its condition: on every way from the root, so that nothing is
/// asked of the analysis that is tested.
class Loads : public Mutator {
  public:
    using Found = std::vector<std::pair<Expr, std::vector<Expr>>>;
    Loads(const Symbol& t, Expr c, Found& all) : tensor(t), condition(std::move(c)), found(all) {}

  protected:
    using Mutator::visit;
    Expr visit(const Load& l, const Expr& e) override {
        if (l.tensor == tensor) found.emplace_back(condition, l.indices);
        return rebuilt(e);
    }
    Expr visit(const Select& s, const Expr& e) override {
        (*this)(s.condition);
        Loads(tensor, also(s.condition), found)(s.then_value);
        Loads(tensor, also(Unary::make(UnaryOp::bit_not, s.condition)), found)(s.else_value);
        return e;
    }

  private:
    const Symbol& tensor;
    const Expr condition;
    Found& found;

    /// Asked only where what stands around it holds.
    Expr also(const Expr& c) const {
        const Expr no = Constant::make(Value::from_raw(Bool(), 0));
        return condition.defined() ? Select::make(condition, c, no) : c;
    }
};

/// Counts, in outputs of their own, when each element is written and read.
class Recording : public Mutator {
  public:
    explicit Recording(const Tensor& t) : of(t) {
        for (const char* name : {"writes", "write_time", "reads", "read_time"})
            tensors.push_back(counter(name, t.dims));
        for (const char* name : {"write_clock", "read_clock"})
            tensors.push_back(counter(name, {}));
    }
    std::vector<Tensor> tensors;
    bool two_at_once = false, whole = false, lanes = false;

  protected:
    using Mutator::visit;
    Stmt mutate(const Stmt& s) override {
        std::vector<Stmt> before;
        std::vector<Expr> read_at;
        Loads::Found found;
        for (const Expr& x : expressions(s))
            Loads(of.symbol, {}, found)(x);
        for (const auto& [condition, indices] : found) {
            lanes = lanes || around > 0;
            if (!read_at.empty() && !same(read_at, indices)) two_at_once = true;
            if (!read_at.empty() && same(read_at, indices)) {
                reads_again(before, condition);
                continue;
            }
            read_at = indices;
            before.push_back(under(condition, event(2, indices)));
        }
        const auto* reduce = s.as<Reduce>();
        if (reduce && reduce->target.tensor == of.symbol) before.push_back(event(0, reduce->target.indices));
        if (const auto* w = s.as<Store>())
            for (const StoreTarget& t : w->targets)
                if (t.tensor == of.symbol) {
                    lanes = lanes || around > 0;
                    before.push_back(event(0, t.indices));
                }
        if (const auto* x = s.as<ExternCall>())
            for (const ExternArgument& a : x->arguments)
                whole = whole || a.tensor == of.symbol;
        const auto* f = s.as<For>();
        around += f && !f->runs().ordered;
        before.push_back(Mutator::mutate(s));
        around -= f && !f->runs().ordered;
        return Block::make(std::move(before));
    }

  private:
    const Tensor of;
    int around = 0; ///< loops that have no order

    static Tensor counter(const char* name, std::vector<Dim> dims) {
        Tensor t{Symbol(name), Int(32), std::move(dims), MemorySpace::heap(), TypeOrigin::declared,
                 nullptr,      {}};
        return t;
    }
    static bool same(const std::vector<Expr>& a, const std::vector<Expr>& b) {
        return std::ranges::equal(
            a, b, [](const Expr& x, const Expr& y) { return as_int(simplify(isub(x, y))) == 0; });
    }
    static Expr number(int n) { return Constant::make(Value::from_raw(Int(32), n)); }
    static Stmt under(const Expr& condition, const Stmt& s) {
        return condition.defined() ? If::make(condition, s) : s;
    }
    /// The element's count, its time, and the clock.
    Stmt event(size_t first, const std::vector<Expr>& at) const {
        const Symbol& clock = tensors[4 + first / 2].symbol;
        return Block::make(
            {Reduce::make(BinaryOp::add, {tensors[first].symbol, Int(32), at, number(1)}),
             Store::make(tensors[first + 1].symbol, Int(32), at, Load::make(clock, Int(32), {})),
             Reduce::make(BinaryOp::add, {clock, Int(32), {}, number(1)})});
    }
    /// The same element once more in one statement: one token, read if any of the loads happens.
    void reads_again(std::vector<Stmt>& before, const Expr& condition) const {
        const auto* first = before.back().as<If>();
        if (!first) return;
        const Stmt event = first->then_body;
        before.back() = condition.defined()
                            ? If::make(Binary::make(BinaryOp::logical_or, first->condition, condition), event)
                            : event;
    }
};

} // namespace

std::string why_no_stream(const Module& given, const Symbol& tensor) {
    Module m = inline_calls(given);
    std::optional<Tensor> of;
    for (const Argument& a : m.top().arguments)
        if (a.tensor.symbol == tensor) of = a.tensor;
    for_each(
        m.top().body,
        [&](const Stmt& s) {
            if (const auto* a = s.as<Allocate>())
                if (const Tensor* t = a->find(tensor)) of = *t;
        },
        nullptr);
    if (!of) return "no tensor";
    Recording recording(*of);
    m.top().body = recording(m.top().body);
    if (recording.two_at_once) return "two at once";
    if (recording.whole) return "given away";
    if (recording.lanes) return "lanes";
    for (const Tensor& t : recording.tensors)
        m.top().arguments.push_back({t, Direction::inout});
    std::vector<AnyBuffer> buffers = make_arguments(m, {}, 1);
    std::vector<AnyBuffer*> pointers;
    const size_t own = buffers.size() - recording.tensors.size();
    for (size_t n = 0; n < buffers.size(); ++n) {
        if (n >= own) buffers[n].fill(Value::from_raw(Int(32), 0));
        pointers.push_back(&buffers[n]);
    }
    try {
        interpret(m, pointers);
    } catch (const InternalError&) {
        throw;
    } catch (const Error&) {
        return "read before it is written";
    }
    const auto at = [&](size_t which, int64_t n) {
        return reinterpret_cast<const int32_t*>(buffers[own + which].data())[n];
    };
    for (int64_t n = 0; n < buffers[own].size(); ++n) {
        const int32_t writes = at(0, n), reads = at(2, n);
        if (writes > 1) return "written again";
        if (reads > 1) return "read again";
        if (writes != reads) return "counts";
        if (writes == 1 && at(1, n) != at(3, n)) return "order";
    }
    return "";
}
