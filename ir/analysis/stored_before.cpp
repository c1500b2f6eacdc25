#include "lathe/ir/stored_before.h"

#include "dependence_query.h"

#include <algorithm>

namespace lathe::ir {

using isl::Affine;
using isl::Set;

namespace {

class StoredBefore {
  public:
    StoredBefore(const Stmt& root, const Symbol& loop, const Symbol& t, const Facts& known)
        : q(root, loop, known), tensor(t) {}

    std::optional<std::string> operator()(const Stmt& reader) {
        Set stored = Set::none(q.context()), read = stored;
        size_t first = SIZE_MAX; // statement of the reader
        for (const ProgramAccess& a : accesses())
            if (is_read(a, reader)) first = std::min(first, a.statement);
        for (size_t n = 0; n < accesses().size(); ++n) {
            const ProgramAccess& a = accesses()[n];
            if (!(a.tensor == tensor)) continue;
            if (is_read(a, reader)) {
                if (a.whole) return tensor.name();
                read = read | touched(n);
            } else if (is_store(a) && a.statement < first && is_exact(n)) {
                stored = stored | touched(n);
            }
        }
        if (stored.contains(read)) return std::nullopt;
        return tensor.name() + element_in(read & ~stored);
    }

  private:
    DependenceQuery q;
    const Symbol& tensor;

    const std::vector<ProgramAccess>& accesses() const { return q.program().accesses; }
    bool is_read(const ProgramAccess& a, const Stmt& reader) const {
        return a.tensor == tensor && !a.write && std::ranges::find(a.path, reader.get()) != a.path.end();
    }
    /// A reduction reads what it stores to: its target holds something already, and is no matter of it.
    static bool is_store(const ProgramAccess& a) { return a.write && !a.reduce && !a.whole; }
    /// It certainly happens, and certainly there. Sets may be too large where something is unknown.
    bool is_exact(size_t n) {
        const ProgramAccess& a = accesses()[n];
        return q.instances().instance(n, 0).terms.empty() && std::ranges::all_of(a.loops, [&](size_t l) {
                   return q.program().loops[l].min.expr.defined();
               });
    }

    /// As variables c0, c1 …
    Set touched(size_t n) {
        const Instance& at = q.instances().instance(n, 0);
        Set s = at.domain & q.instances().around();
        for (size_t d = 0; d < at.cell.size(); ++d)
            s = s & equal(Affine::variable(q.context(), fmt::format("c{}", d)), at.cell[d]);
        return without(s, [&](const std::string& name) {
            const auto meaning = q.instances().meaning(name);
            return (!meaning && name[0] != 'c') || (meaning && meaning->side != Instances::shared);
        });
    }
};

} // namespace

std::optional<std::string> not_stored_before(const Stmt& root, const Symbol& loop, const Symbol& tensor,
                                             const Stmt& reader, const Facts& known) {
    try {
        return StoredBefore(root, loop, tensor, known)(reader);
    } catch (const isl::GaveUp&) {
        return tensor.name();
    }
}

} // namespace lathe::ir
