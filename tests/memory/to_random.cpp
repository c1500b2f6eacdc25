// to: random programs of stages on random sides, and how many copies they need at least.

#include "copies.h"
#include "deep.h"
#include "everywhere.h"
#include "lathe/dsl/kernel.h"
#include "random_schedule.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>

using namespace lathe;
using namespace lathe::ir;

namespace {

/// Copies and bytes to the device, then to the host.
std::array<uint64_t, 4> counts_of(const std::vector<CopyUse>& all) {
    std::array<uint64_t, 4> counts{};
    for (const CopyUse& c : all) {
        const size_t first = c.side == Side::device ? 0 : 2;
        ++counts[first];
        counts[first + 1] += static_cast<uint64_t>(c.bytes);
    }
    return counts;
}

/// Funcs that read some of those before them, some with updates, and their sides.
struct Stages {
    struct Definition {
        bool device;
        int tensor;
        std::set<int> reads; ///< inputs, then Funcs, in order
        bool whole;
    };
    std::vector<Func> outputs;
    std::vector<std::pair<Func, bool>> sides;
    std::vector<Definition> program;
    int inputs = 2;
    std::set<int> results;

    explicit Stages(std::mt19937& random) {
        const auto pick = [&](size_t n) { return static_cast<int>(random() % n); };
        Var i("i");
        std::vector<Input> in{Input("a", Int(16), {16}), Input("b", Int(12), {16})};
        std::vector<Func> funcs;
        const int count = 3 + pick(5);
        for (int n = 0; n < count; ++n) {
            Func f(fmt::format("f{}", n), Int(16), {16});
            const bool device = pick(2) != 0;
            std::set<int> reads;
            Expr value = cast(Int(16), n + 1);
            for (int k = 0; k < 1 + pick(3); ++k) {
                const int from = pick(static_cast<size_t>(2 + n));
                reads.insert(from);
                const Expr at = clamp(i + pick(3) - 1, 0, 15);
                value = value * 3 + (from < 2 ? Expr(in[static_cast<size_t>(from)](at))
                                              : Expr(funcs[static_cast<size_t>(from - 2)](at)));
            }
            f(i) = value;
            program.push_back({device, n + 2, reads, true});
            if (pick(4) == 0) {
                RDom r(0, 5, fmt::format("r{}", n));
                const int from = pick(static_cast<size_t>(2 + n));
                f(r + 2) += from < 2 ? Expr(in[static_cast<size_t>(from)](r))
                                     : Expr(funcs[static_cast<size_t>(from - 2)](r));
                program.push_back({device, n + 2, {from, n + 2}, false});
            }
            funcs.push_back(f);
            sides.emplace_back(f, device);
        }
        outputs.push_back(funcs.back());
        results.insert(count + 1);
        if (pick(2)) {
            const int n = pick(static_cast<size_t>(count - 1));
            outputs.insert(outputs.begin(), funcs[static_cast<size_t>(n)]);
            results.insert(n + 2);
        }
        std::set<int> used = results; // Funcs that nobody reads are no stages
        for (size_t n = program.size(); n-- > 0;)
            if (used.contains(program[n].tensor))
                used.insert(program[n].reads.begin(), program[n].reads.end());
        std::erase_if(program, [&](const Definition& d) { return !used.contains(d.tensor); });
        std::erase_if(sides, [&](const auto& s) {
            const auto n = std::find_if(funcs.begin(), funcs.end(),
                                        [&](const Func& f) { return f.symbol() == s.first.symbol(); });
            return !used.contains(static_cast<int>(n - funcs.begin()) + 2);
        });
    }

    /// In a straight line a copy when it is needed is never one too many.
    size_t fewest() const {
        std::map<int, std::array<bool, 2>> valid; // on host, on device
        for (int n = 0; n < inputs; ++n)
            valid[n] = {true, false};
        size_t copies = 0;
        const auto need = [&](int tensor, bool device) {
            if (valid[tensor][device]) return;
            ++copies;
            valid[tensor] = {true, true};
        };
        for (const Definition& d : program) {
            for (const int r : d.reads)
                need(r, d.device);
            if (!d.whole) need(d.tensor, d.device);
            valid[d.tensor] = {!d.device, d.device};
        }
        for (const int r : results)
            need(r, false);
        return copies;
    }
};

} // namespace

TEST_CASE("to: random stages on random sides compute the same with as few copies as can be") {
    size_t on_device = 0, copied = 0;
    for (unsigned seed = 0; seed < 150; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Stages p(random);
        Schedule s(p.outputs);
        std::shuffle(p.sides.begin(), p.sides.end(), random);
        for (const auto& [f, device] : p.sides) {
            if (!device && random() % 2) continue;
            s.to(f, device ? Side::device : Side::host);
        }
        if (seed % 10 == 0)
            expect_same_as_code(s);
        else
            expect_right(s, {{}});
        INFO(print(s));
        CHECK(copies_of(s).size() == p.fewest());
        copied += p.fewest();
        on_device += s.module().functions.size() - 1;
    }
    CHECK(on_device > 150);
    CHECK(copied > 400);
}

namespace {

/// A kernel's program of calls, loops and stores, and what it does with whole tensors.
struct Item {
    int from = 0, to = 0;
    enum { whole, part, update } what = whole;
    int kernel = -1; ///< that is called; none: the host stores
    int count = 0;   ///< of a loop …
    std::vector<Item> body = {};
};

class Loops {
  public:
    explicit Loops(std::mt19937& r) : random(r) {
        for (int n = 0; n < 4; ++n)
            device.push_back(pick(3) != 0);
        items = {store(0, 1), store(pick(2), 2), store(1 + pick(2), 3)};
        const int more = 2 + pick(3);
        for (int n = 0; n < more; ++n)
            items.push_back(item(0));
    }

    Schedule schedule() {
        Var i("i");
        Input x("x", Int(16), {n});
        InOut y("y", Int(16), {n});
        Output z("z", Int(16), {n});
        std::vector<Kernel> kernels;
        for (int k = 0; k < 4; ++k) {
            const auto body = [&](KernelBody& b) {
                if (k == 0) b.for_(i, 0, n, [&] { z(i) = x(i) * 3 + 1; });
                if (k == 1) b.for_(i, 0, n, [&] { z(i) = x(n - 1 - i) - 7; });
                if (k == 2) b.for_(i, 0, n / 2, [&] { y(i) = x(i + 1) * 5; });
                if (k == 3) b.for_(i, 0, n, [&] { y(i) = y(i) * 3 + x(i); });
            };
            kernels.push_back(k < 2 ? Kernel(fmt::format("k{}", k), {x, z}, body)
                                    : Kernel(fmt::format("k{}", k), {x, y}, body));
        }
        Input a("a", Int(16), {n});
        Output out("out", Int(16), {n});
        const Kernel top("top", {a, out}, [&](KernelBody& b) {
            Array s = b.array("s", Int(16), {n}), t = b.array("t", Int(16), {n});
            const auto element = [&](int tensor, const Expr& at) {
                return tensor == 0   ? Expr(a(at))
                       : tensor == 1 ? Expr(s(at))
                       : tensor == 2 ? Expr(t(at))
                                     : Expr(out(at));
            };
            const auto put = [&](int tensor, const Expr& at, const Expr& v) {
                if (tensor == 1) s(at) = v;
                if (tensor == 2) t(at) = v;
                if (tensor == 3) out(at) = v;
            };
            const auto given = [&](int tensor) -> CallArgument {
                if (tensor == 0) return a;
                if (tensor == 1) return s;
                if (tensor == 2) return t;
                return out;
            };
            int loops = 0;
            const std::function<void(const std::vector<Item>&)> emit = [&](const std::vector<Item>& all) {
                for (const Item& each : all) {
                    if (each.count > 0) {
                        Var l(fmt::format("l{}", loops++));
                        b.for_(l, 0, each.count, [&] { emit(each.body); });
                    } else if (each.kernel >= 0) {
                        b.call(kernels[static_cast<size_t>(each.kernel)], {given(each.from), given(each.to)});
                    } else {
                        Var j(fmt::format("j{}", loops++));
                        const int last = each.what == Item::part ? n / 2 : n;
                        b.for_(j, 0, last, [&] {
                            const Expr old = element(each.from, j);
                            put(each.to, j, each.what == Item::update ? old - element(each.to, j) : old + 2);
                        });
                    }
                }
            };
            emit(items);
        });
        Schedule s(top);
        for (size_t k = 0; k < kernels.size(); ++k)
            if (device[k] && calls(items, static_cast<int>(k))) s.to(kernels[k], Side::device);
        return s;
    }

    /// The fewest copies that run, of all places where copies could stand.
    size_t fewest() const {
        size_t sum = 0;
        for (int tensor = 0; tensor < 4; ++tensor) {
            std::vector<int> plan(gaps(items, tensor));
            size_t best = std::numeric_limits<size_t>::max();
            while (true) {
                Run run{*this, tensor, plan, {true, tensor == 1 || tensor == 2}, 0, true};
                if (run.all() && (tensor != 3 || run.valid[0])) best = std::min(best, run.copies);
                size_t g = 0;
                while (g < plan.size() && ++plan[g] == 3)
                    plan[g++] = 0;
                if (g == plan.size()) break;
            }
            REQUIRE(best != std::numeric_limits<size_t>::max());
            sum += best;
        }
        return sum;
    }

    /// So many that all plans can be tried.
    bool has_few_gaps() const {
        size_t most = 0;
        for (int tensor = 0; tensor < 4; ++tensor)
            most = std::max(most, gaps(items, tensor));
        return most <= 9;
    }

    bool any_on_device() const {
        bool found = false;
        for (int k = 0; k < 4; ++k)
            found = found || (device[static_cast<size_t>(k)] && calls(items, k));
        return found;
    }

  private:
    static constexpr int n = 8;

    /// A run with copies at some gaps: 1 to the device, 2 to the host. Gaps are in front of what touches the
    /// tensor, and at the end of each list.
    struct Run {
        const Loops& program;
        int tensor;
        const std::vector<int>& plan;
        std::array<bool, 2> valid; ///< on host, on device
        size_t copies;
        bool right;

        bool all() {
            list(program.items, 0);
            return right;
        }
        void gap(size_t g) {
            if (plan[g] == 0 || !right) return;
            right = valid[plan[g] == 1 ? 0 : 1];
            valid = {true, true};
            ++copies;
        }
        size_t list(const std::vector<Item>& items, size_t g) {
            for (const Item& each : items) {
                if (!touches(each, tensor)) continue;
                gap(g++);
                if (each.count > 0) {
                    size_t end = g;
                    for (int l = 0; l < each.count; ++l)
                        end = list(each.body, g);
                    g = end;
                    continue;
                }
                const bool device = each.kernel >= 0 && program.device[static_cast<size_t>(each.kernel)];
                const bool writes = each.to == tensor;
                if (!writes || each.what != Item::whole || each.from == tensor)
                    right = right && valid[device];
                if (writes) valid = {!device, device};
            }
            gap(g++);
            return g;
        }
    };

    static bool touches(const Item& i, int tensor) {
        if (i.count == 0) return i.from == tensor || i.to == tensor;
        return std::any_of(i.body.begin(), i.body.end(), [&](const Item& b) { return touches(b, tensor); });
    }
    static size_t gaps(const std::vector<Item>& all, int tensor) {
        size_t count = 1;
        for (const Item& i : all)
            if (touches(i, tensor)) count += 1 + (i.count > 0 ? gaps(i.body, tensor) : 0);
        return count;
    }
    static bool calls(const std::vector<Item>& all, int kernel) {
        return std::any_of(all.begin(), all.end(),
                           [&](const Item& i) { return i.kernel == kernel || calls(i.body, kernel); });
    }

    int pick(int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); }
    Item store(int from, int to) { return {from, to, Item::whole, pick(3) - 1}; }
    Item item(int depth) {
        if (depth < 2 && pick(3) == 0) {
            Item loop;
            loop.count = 1 + pick(3);
            const int inside = 1 + pick(depth == 0 ? 3 : 2);
            for (int k = 0; k < inside; ++k)
                loop.body.push_back(item(depth + 1));
            return loop;
        }
        const int to = 1 + pick(3);
        int from = pick(4);
        if (from == to) from = 0;
        const int kind = pick(4);
        Item i{from, to, kind < 2 ? Item::whole : kind == 2 ? Item::part : Item::update, pick(2) ? kind : -1};
        return i;
    }

    std::mt19937& random;
    std::vector<bool> device;
    std::vector<Item> items;
};

} // namespace

TEST_CASE("to: random loops around kernels on random sides compute the same with as few copies as can be") {
    VitisKernels compiled;
    std::vector<Schedule> schedules;
    size_t on_device = 0, counted = 0, copied = 0;
    for (unsigned seed = 0; seed < 150; ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        Loops p(random);
        const Schedule s = p.schedule();
        if (seed % 10 == 0)
            expect_same_as_code(s);
        else
            expect_right(s, {{}});
        INFO(print(s));
        if (!p.any_on_device()) continue;
        ++on_device;
        if (p.has_few_gaps()) {
            const size_t fewest = p.fewest();
            CHECK(copies_of(s).size() == fewest);
            copied += fewest;
            ++counted;
        }
        if (seed % 20 == 0) {
            compiled.add(s);
            schedules.push_back(s);
        }
    }
    CHECK(on_device > 100);
    CHECK(counted > 60);
    CHECK(copied > 200);
    compiled.compile();
    for (size_t k = 0; k < schedules.size(); ++k) {
        compiled.expect_right(k, schedules[k].reference(), {{}});
        CHECK(compiled.device_use() == counts_of(copies_of(schedules[k])));
    }
}

namespace {

/// A chain of Funcs of two dimensions, some of whose sizes are parameters that may be 0.
struct Chain {
    Param n{"N"};
    Var i{"i"}, j{"j"};
    std::vector<Func> stages;
    bool open = false;

    explicit Chain(std::mt19937& random) {
        const auto pick = [&](size_t k) { return static_cast<int>(random() % k); };
        open = pick(2) != 0;
        const int columns = 1 + pick(6);
        const Shape shape = open ? Shape{n, columns} : Shape{pick(5), columns};
        Input in("in", Int(16), shape);
        const int count = 3 + pick(3);
        for (int k = 0; k < count; ++k) {
            Func f(fmt::format("f{}", k), Int(20), shape);
            const auto from = [&](const Expr& column) -> Expr {
                return k == 0 ? Expr(in(i, column)) : Expr(stages.back()(i, column));
            };
            const Expr first = from(pick(3) ? Expr(j) : columns - 1 - j);
            f(i, j) = pick(3) ? first * 3 + k : Expr(first + from(j));
            if (pick(5) == 0) f(i, 0) += in(i, columns - 1);
            stages.push_back(f);
        }
    }
    std::vector<Sizes> sizes() const {
        if (!open) return {{}};
        return {{{"N", 0}}, {{"N", 5}}};
    }
};

/// What may come before sides are given, and after that: banks, words, shapes, streams; whether it was legal.
bool random_memory_call(Schedule& s, const Chain& chain, std::mt19937& random,
                        std::map<std::string, int>& why) {
    const Func& f = chain.stages[random() % chain.stages.size()];
    const size_t next = random() % (chain.stages.size() - 1);
    const auto factor = static_cast<int64_t>(1 + random() % 3);
    try {
        switch (random() % 6) {
        case 0:
            s.partition(f, random() % 2 ? Partition::cyclic : Partition::block, 1, factor);
            break;
        case 1:
            s.partition(f, Partition::complete, static_cast<int>(random() % 2));
            break;
        case 2:
            s.pack(f, 1, static_cast<int>(factor));
            break;
        case 3:
            s.store_in(f, MemorySpace::bram());
            break;
        default:
            s.stream(chain.stages[next], chain.stages[next + 1], static_cast<int64_t>(random() % 3));
        }
        return true;
    } catch (const InternalError&) {
        throw;
    } catch (const Error& e) {
        const std::string text = e.message();
        const size_t reason = text.find(": ");
        ++why[text.substr(reason == text.npos ? 0 : reason + 2, 60)];
        return false;
    }
}

} // namespace

TEST_CASE("to: chains of open and empty sizes, with banks, words and streams before and after") {
    std::map<std::string, int> why;
    size_t on_device = 0, with_memory = 0;
    VitisKernels compiled;
    std::vector<Schedule> schedules;
    for (int seed = 0; seed < count(60, 1000); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(static_cast<unsigned>(seed));
        const Chain chain(random);
        Schedule s(chain.stages.back());
        for (int n = 0; n < 2; ++n)
            with_memory += random_memory_call(s, chain, random, why);
        for (const Func& f : chain.stages) {
            if (random() % 3 == 0) continue;
            try {
                s.to(f, Side::device);
            } catch (const InternalError&) {
                throw;
            } catch (const Error& e) { // a stream's other end is on the host, or banks are of what both use
                ++why[std::string("to: ") + e.message().substr(0, 40)];
            }
        }
        for (int n = 0; n < 2; ++n)
            with_memory += random_memory_call(s, chain, random, why);
        CAPTURE(print(s));
        on_device += s.module().functions.size() - 1;
        if (seed % 3 == 0)
            expect_same_as_code(s, chain.sizes());
        else
            expect_right(s, chain.sizes());
        if (seed % 6 != 0 || s.module().functions.size() == 1) continue;
        if (chain.open) s.bind(chain.n, 5);
        try {
            VitisKernels().add(s);
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            ++why["emitted: " + e.message().substr(0, 60)];
            continue;
        }
        compiled.add(s);
        schedules.push_back(s);
    }
    if (deep())
        for (const auto& [text, times] : why)
            MESSAGE(times, " times: ", text);
    CHECK(on_device > static_cast<size_t>(count(30, 500)));
    CHECK(with_memory > static_cast<size_t>(count(60, 1000)));
    compiled.compile();
    for (size_t k = 0; k < schedules.size(); ++k)
        compiled.expect_right(k, schedules[k].reference(), {{}});
}
