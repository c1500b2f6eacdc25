#include "lathe/ir/stream_order.h"

#include "dependence_query.h"

#include "lathe/ir/planted.h"
#include "lathe/ir/print.h"
#include "lathe/ir/visit.h"

#include <algorithm>

namespace lathe::ir {

using isl::Affine;
using isl::Set;

namespace {

/// Loads of one element by one statement, or one store: where a token is taken, or given.
struct Site {
    std::vector<size_t> accesses;
};

class StreamOrder {
  public:
    StreamOrder(const Stmt& root, const Symbol& loop, const Symbol& t, const Facts& known)
        : q(root, loop, known), region(loop), tensor(t) {}

    std::optional<StreamConflict> operator()(const Stmt& writer, const Stmt& reader) {
        for (size_t n = 0; n < accesses().size(); ++n) {
            const ProgramAccess& a = accesses()[n];
            if (!(a.tensor == tensor)) continue;
            const bool in_writer = inside(a, writer), in_reader = inside(a, reader);
            if (!in_writer && !in_reader) continue;
            if (auto c = check_access(a, in_writer)) return c;
            if (auto c = add(n)) return c;
        }
        if (auto c = decided(writes)) return c;
        if (auto c = decided(reads)) return c;
        if (auto c = once(writes, StreamFault::written_again)) return c;
        if (auto c = once(reads, StreamFault::read_again)) return c;
        if (auto c = same_elements()) return c;
        return same_order();
    }

    /// Both touch some elements, and are proved to touch others.
    bool apart(const Stmt& writer, const Stmt& reader) {
        for (size_t n = 0; n < accesses().size(); ++n) {
            const ProgramAccess& a = accesses()[n];
            const bool written = a.write && inside(a, writer), read = !a.write && inside(a, reader);
            if (!(a.tensor == tensor) || !(written || read)) continue;
            if (a.whole || is_repeated_by_data(a)) return false;
            (written ? writes : reads).push_back({{n}});
        }
        if (decided(writes) || decided(reads)) return false;
        const Set written = touched(writes), read = touched(reads);
        return !written.is_empty() && !read.is_empty() && (written & read).is_empty();
    }

  private:
    DependenceQuery q;
    const Symbol region;
    const Symbol& tensor;
    std::vector<Site> writes, reads;

    const std::vector<ProgramAccess>& accesses() const { return q.program().accesses; }
    const ProgramAccess& first(const Site& s) const { return accesses()[s.accesses[0]]; }

    static bool inside(const ProgramAccess& a, const Stmt& s) {
        return std::ranges::find(a.path, s.get()) != a.path.end();
    }

    static std::string shown(const ProgramAccess& a) {
        std::string text = a.tensor.name() + (a.written_as.empty() ? "" : "[");
        for (size_t d = 0; d < a.written_as.size(); ++d)
            text += (d ? ", " : "") + print(simplify(a.written_as[d]));
        return text + (a.written_as.empty() ? "" : "]");
    }
    static std::string named(const ProgramAccess& a) {
        return fmt::format("{} {} at {}", shown(a), a.write ? "written" : "read", a.loc.str());
    }

    bool is_repeated_by_data(const ProgramAccess& a) const {
        return std::ranges::any_of(a.loops,
                                   [&](size_t l) { return !q.program().loops[l].min.expr.defined(); });
    }

    /// What can be a push or a pop at all.
    std::optional<StreamConflict> check_access(const ProgramAccess& a, bool in_writer) {
        if (a.whole)
            return StreamConflict{StreamFault::not_decided,
                                  fmt::format("{} is given to a function at {}, which may touch all of it",
                                              tensor.name(), a.loc.str())};
        if (a.reduce || (in_writer && !a.write))
            return StreamConflict{StreamFault::written_again,
                                  fmt::format("{} {} at {} by the stage that writes it: what it holds there "
                                              "is not its last value",
                                              shown(a), a.reduce ? "is updated" : "is read", a.loc.str())};
        if (is_repeated_by_data(a))
            return StreamConflict{StreamFault::not_decided,
                                  fmt::format("how often it happens depends on data: {}", named(a))};
        return std::nullopt;
    }

    std::optional<StreamConflict> add(size_t n) {
        const ProgramAccess& a = accesses()[n];
        std::vector<Site>& sites = a.write ? writes : reads;
        for (Site& s : sites) {
            const ProgramAccess& b = first(s);
            if (a.write || b.statement != a.statement || b.path != a.path || b.loops != a.loops) continue;
            for (size_t d = 0; d < a.indices.size(); ++d)
                if (as_int(simplify(isub(a.indices[d], b.indices[d]))) != 0)
                    return StreamConflict{StreamFault::two_at_once,
                                          fmt::format("{} and {} are read by one statement, at {}: a stream "
                                                      "gives one after the other",
                                                      shown(b), shown(a), a.loc.str())};
            if (!b.own_guards.empty() && a.own_guards.empty())
                s.accesses = {n}; // whatever the arms do, this one happens
            else if (!b.own_guards.empty())
                s.accesses.push_back(n);
            return std::nullopt;
        }
        sites.push_back({{n}});
        return std::nullopt;
    }

    /// What happens, and where, is known exactly.
    std::optional<StreamConflict> decided(const std::vector<Site>& sites) {
        for (const Site& s : sites)
            for (const size_t n : s.accesses)
                if (!q.instances().instance(n, 0).terms.empty())
                    return StreamConflict{StreamFault::not_decided,
                                          fmt::format("whether and where it happens is not known here: {}",
                                                      named(accesses()[n]))};
        return std::nullopt;
    }

    Set domain(const Site& s, int side) {
        Set all = Set::none(q.context());
        for (const size_t n : s.accesses)
            all = all | q.instances().instance(n, side).domain;
        return all & q.instances().around();
    }
    const std::vector<Affine>& cell(const Site& s, int side) {
        return q.instances().instance(s.accesses[0], side).cell;
    }
    Set same_cell(const Site& a, int of_a, const Site& b, int of_b) {
        const auto x = cell(a, of_a), y = cell(b, of_b);
        Set s = Set::all(q.context());
        for (size_t d = 0; d < x.size(); ++d)
            s = s & equal(x[d], y[d]);
        return s;
    }

    /// Site a's instance of side `of_a` happens before b's of the other side.
    Set before(const Site& a, int of_a, const Site& b) {
        const size_t x = a.accesses[0], y = b.accesses[0];
        const int of_b = 1 - of_a;
        Set earlier = Set::none(q.context()), equal_so_far = Set::all(q.context());
        for (size_t l = q.program().around; l < q.common(x, y); ++l) {
            const Affine i = q.at(l, x, of_a), j = q.at(l, y, of_b);
            earlier = earlier | (equal_so_far & less(i, j));
            equal_so_far = equal_so_far & equal(i, j);
        }
        return first(a).statement < first(b).statement && !planted.has(Fault::token_statements_alike)
                   ? earlier | equal_so_far
                   : earlier;
    }

    std::optional<StreamConflict> once(const std::vector<Site>& sites, StreamFault fault) {
        for (size_t m = 0; m < sites.size(); ++m)
            for (size_t n = m; n < sites.size(); ++n) {
                const Site &a = sites[m], &b = sites[n];
                const Set order = m == n ? before(a, 0, b) : Set::all(q.context());
                const Set s = order & same_cell(a, 0, b, 1) & domain(a, 0) & domain(b, 1);
                if (s.is_empty() || planted.has(first(a).write ? Fault::tokens_repeat : Fault::tokens_reread))
                    continue;
                const std::string where = witness(s, a, b);
                return StreamConflict{fault, fmt::format("{} is {} again{}{}", named(first(a)),
                                                         first(a).write ? "written" : "read",
                                                         m == n ? "" : " at " + first(b).loc.str(), where)};
            }
        return std::nullopt;
    }

    std::string witness(const Set& s, const Site& a, const Site& b) {
        Witness found = q.found(s, q.program().around, a.accesses[0], b.accesses[0]).witness;
        for (Witness::Values* values : {&found.first, &found.second})
            std::erase_if(*values, [&](const auto& v) { return v.first == region; });
        const std::string text = found.describe();
        return text.empty() ? "" : " (" + text + ")";
    }

    /// The elements that the sites touch, as variables c0, c1 …
    Set touched(const std::vector<Site>& sites) {
        Set all = Set::none(q.context());
        for (const Site& site : sites) {
            Set s = domain(site, 0);
            for (size_t d = 0; d < cell(site, 0).size(); ++d)
                s = s & equal(Affine::variable(q.context(), fmt::format("c{}", d)), cell(site, 0)[d]);
            all = all | without(s, [&](const std::string& name) {
                      const auto meaning = q.instances().meaning(name);
                      return meaning && meaning->side != Instances::shared;
                  });
        }
        return all;
    }

    std::optional<StreamConflict> same_elements() {
        const Set written = touched(writes), read = touched(reads);
        if (!written.contains(read) && !planted.has(Fault::tokens_missing))
            return StreamConflict{StreamFault::not_decided,
                                  fmt::format("{}{} is read and not written before", tensor.name(),
                                              element_in(read & ~written))};
        if (!read.contains(written) && !planted.has(Fault::tokens_left))
            return StreamConflict{StreamFault::never_read,
                                  fmt::format("{}{} is written and never read there", tensor.name(),
                                              element_in(written & ~read))};
        return std::nullopt;
    }

    /// Two elements of which one is written first and the other read first.
    std::optional<StreamConflict> same_order() {
        for (const Site& w : writes)
            for (const Site& v : writes)
                for (const Site& r : reads)
                    for (const Site& p : reads) {
                        Set s = domain(w, 0) & domain(v, 1) & before(w, 0, v);
                        s = s & same_cell(w, 0, r, 0) & domain(r, 0);
                        s = s & same_cell(v, 1, p, 1) & domain(p, 1);
                        s = s & before(p, 1, r);
                        if (s.is_empty() || planted.has(Fault::tokens_unordered)) continue;
                        return StreamConflict{StreamFault::other_order,
                                              fmt::format("{} comes in another order than {}{}",
                                                          named(first(w)), named(first(r)),
                                                          witness(s, w, v))};
                    }
        return std::nullopt;
    }
};

} // namespace

std::optional<StreamConflict> stream_conflict(const Stmt& root, const Symbol& loop, const Symbol& tensor,
                                              const Stmt& writer, const Stmt& reader, const Facts& known) {
    try {
        return StreamOrder(root, loop, tensor, known)(writer, reader);
    } catch (const isl::GaveUp&) {
        return StreamConflict{StreamFault::not_decided,
                              fmt::format("the order of {}'s elements is too hard to prove", tensor.name())};
    }
}

bool touch_other_elements(const Stmt& root, const Symbol& loop, const Symbol& tensor, const Stmt& writer,
                          const Stmt& reader, const Facts& known) {
    try {
        return StreamOrder(root, loop, tensor, known).apart(writer, reader);
    } catch (const isl::GaveUp&) {
        return false;
    }
}

} // namespace lathe::ir
