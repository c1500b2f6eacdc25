#include "parts.h"

#include "lathe/ir/moved_accesses.h"

namespace lathe::schedule {

namespace {

class InPart : public MovedAccesses {
  public:
    explicit InPart(const std::map<Symbol, TensorView>& v) : views(v) {}

  protected:
    bool moves(const Symbol& tensor) const override { return views.contains(tensor); }
    std::pair<Symbol, std::vector<Expr>> place(const Symbol& tensor, const std::vector<Expr>& at) override {
        const TensorView& v = views.at(tensor);
        std::vector<Expr> now;
        for (size_t d = 0; d < at.size(); ++d)
            if (v.dims[d].kept) now.push_back(simplify(isub(at[d], v.dims[d].begin)));
        return {tensor, now};
    }

  private:
    const std::map<Symbol, TensorView>& views;
};

} // namespace

Stmt in_part(const Stmt& s, const std::map<Symbol, TensorView>& views) {
    return InPart(views)(s);
}

} // namespace lathe::schedule
