#include "isl_set.h"

#include <isl/aff.h>
#include <isl/ctx.h>
#include <isl/id.h>
#include <isl/ilp.h>
#include <isl/local_space.h>
#include <isl/options.h>
#include <isl/point.h>
#include <isl/set.h>
#include <isl/space.h>
#include <isl/val_gmp.h>

namespace lathe::isl {

namespace {

// The class Handle is for what callers hold; these live in here only.
template <class T, T* (*copy)(T*), T* (*release)(T*)> class Local {
  public:
    explicit Local(T* owned) : object(owned) {
        if (!owned) throw GaveUp();
    }
    Local(const Local&) = delete;
    Local& operator=(Local&& o) noexcept {
        std::swap(object, o.object);
        return *this;
    }
    ~Local() { release(object); }
    T* get() const { return object; }
    T* give() const { return copy(object); }

  private:
    T* object;
};

using Val = Local<isl_val, isl_val_copy, isl_val_free>;
using Point = Local<isl_point, isl_point_copy, isl_point_free>;
using Id = Local<isl_id, isl_id_copy, isl_id_free>;
using Space = Local<isl_space, isl_space_copy, isl_space_free>;
using Aff = Local<isl_aff, isl_aff_copy, isl_aff_free>;

Val val(isl_ctx* c, const mpz_class& value) {
    mpz_class copy = value;
    return Val(isl_val_int_from_gmp(c, copy.get_mpz_t()));
}

std::optional<mpz_class> integer(const Val& v) {
    if (isl_val_is_int(v.get()) != isl_bool_true) return std::nullopt;
    mpz_class result;
    isl_val_get_num_gmp(v.get(), result.get_mpz_t());
    return result;
}

bool yes(isl_bool b) {
    if (b == isl_bool_error) throw GaveUp();
    return b == isl_bool_true;
}

size_t count(isl_size n) {
    if (n < 0) throw GaveUp();
    return static_cast<size_t>(n);
}

/// The same points with the variables as dimensions.
Set dimensions(const Set& s) {
    const size_t n = count(isl_set_dim(s.get(), isl_dim_param));
    return Set(isl_set_move_dims(s.give(), isl_dim_set, 0, isl_dim_param, 0, static_cast<unsigned>(n)));
}

isl_set* universe(isl_ctx* c) {
    return isl_set_universe(isl_space_set_alloc(c, 0, 0));
}

std::optional<mpz_class> extreme(const Set& s, const Affine& of, isl_val* (*find)(isl_set*, isl_aff*)) {
    // A variable for the value, so that a piecewise one is a dimension as well.
    const std::string name = "extreme";
    isl_ctx* c = isl_set_get_ctx(s.get());
    const Id id(isl_id_alloc(c, name.c_str(), nullptr));
    Space space(isl_space_set_alloc(c, 1, 0));
    space = Space(isl_space_set_dim_id(space.give(), isl_dim_param, 0, id.give()));
    const Affine value(isl_pw_aff_from_aff(
        isl_aff_var_on_domain(isl_local_space_from_space(space.give()), isl_dim_param, 0)));
    const Set flat = dimensions(s & equal(value, of));
    const int at = isl_set_find_dim_by_id(flat.get(), isl_dim_set, id.get());
    if (at < 0) throw GaveUp();
    const Aff objective(isl_aff_var_on_domain(isl_local_space_from_space(isl_set_get_space(flat.get())),
                                              isl_dim_set, static_cast<unsigned>(at)));
    return integer(Val(find(flat.get(), objective.get())));
}

} // namespace

isl_pw_aff* copy_reference(isl_pw_aff* a) {
    return isl_pw_aff_copy(a);
}
isl_set* copy_reference(isl_set* s) {
    return isl_set_copy(s);
}
void release_reference(isl_pw_aff* a) {
    isl_pw_aff_free(a);
}
void release_reference(isl_set* s) {
    isl_set_free(s);
}

Context::Context(unsigned long operations) : ctx(isl_ctx_alloc()) {
    if (!ctx) throw GaveUp();
    isl_options_set_on_error(ctx, ISL_ON_ERROR_CONTINUE);
    isl_ctx_set_max_operations(ctx, operations);
}

Context::~Context() {
    isl_ctx_free(ctx);
}

void Context::restart() {
    isl_ctx_reset_operations(ctx);
    isl_ctx_reset_error(ctx);
}

Affine Affine::constant(const Context& c, const mpz_class& value) {
    return Affine(isl_pw_aff_val_on_domain(universe(c.get()), val(c.get(), value).give()));
}

Affine Affine::variable(const Context& c, const std::string& name) {
    isl_space* space = isl_space_set_alloc(c.get(), 1, 0);
    space = isl_space_set_dim_id(space, isl_dim_param, 0, isl_id_alloc(c.get(), name.c_str(), nullptr));
    return Affine(
        isl_pw_aff_from_aff(isl_aff_var_on_domain(isl_local_space_from_space(space), isl_dim_param, 0)));
}

bool Affine::is_constant() const {
    return yes(isl_pw_aff_is_cst(get()));
}

std::optional<mpz_class> Affine::value() const {
    if (!is_constant() || !yes(isl_pw_aff_isa_aff(get()))) return std::nullopt;
    const Aff aff(isl_pw_aff_as_aff(give()));
    return integer(Val(isl_aff_get_constant_val(aff.get())));
}

size_t Affine::pieces() const {
    return count(isl_pw_aff_n_piece(get()));
}

bool Affine::same_as(const Affine& o) const {
    return yes(isl_pw_aff_plain_is_equal(get(), o.get()));
}

Affine operator+(const Affine& a, const Affine& b) {
    return Affine(isl_pw_aff_add(a.give(), b.give()));
}
Affine operator-(const Affine& a, const Affine& b) {
    return Affine(isl_pw_aff_sub(a.give(), b.give()));
}
Affine operator-(const Affine& a) {
    return Affine(isl_pw_aff_neg(a.give()));
}
Affine operator*(const Affine& a, const Affine& b) {
    return Affine(isl_pw_aff_mul(a.give(), b.give()));
}
Affine min(const Affine& a, const Affine& b) {
    return Affine(isl_pw_aff_min(a.give(), b.give()));
}
Affine max(const Affine& a, const Affine& b) {
    return Affine(isl_pw_aff_max(a.give(), b.give()));
}
Affine floor_div(const Affine& a, const mpz_class& by) {
    return Affine(
        isl_pw_aff_floor(isl_pw_aff_scale_down_val(a.give(), val(isl_pw_aff_get_ctx(a.get()), by).give())));
}

Set Set::all(const Context& c) {
    return Set(universe(c.get()));
}
Set Set::none(const Context& c) {
    return Set(isl_set_empty(isl_space_set_alloc(c.get(), 0, 0)));
}
bool Set::is_empty() const {
    return yes(isl_set_is_empty(get()));
}
bool Set::is_plainly_empty() const {
    return yes(isl_set_plain_is_empty(get()));
}
size_t Set::pieces() const {
    return count(isl_set_n_basic_set(get()));
}
bool Set::contains(const Set& o) const {
    return yes(isl_set_is_subset(o.get(), get()));
}

std::optional<std::vector<std::pair<std::string, mpz_class>>> Set::sample() const {
    const Set flat = dimensions(*this);
    const Point p(isl_set_sample_point(flat.give()));
    if (yes(isl_point_is_void(p.get()))) return std::nullopt;
    std::vector<std::pair<std::string, mpz_class>> values;
    for (size_t d = 0; d < count(isl_set_dim(flat.get(), isl_dim_set)); ++d) {
        const Id id(isl_set_get_dim_id(flat.get(), isl_dim_set, static_cast<unsigned>(d)));
        const Val v(isl_point_get_coordinate_val(p.get(), isl_dim_set, static_cast<int>(d)));
        values.emplace_back(isl_id_get_name(id.get()), integer(v).value());
    }
    return values;
}

std::optional<mpz_class> Set::least(const Affine& of) const {
    return extreme(*this, of, isl_set_min_val);
}
std::optional<mpz_class> Set::greatest(const Affine& of) const {
    return extreme(*this, of, isl_set_max_val);
}

Set operator&(const Set& a, const Set& b) {
    return Set(isl_set_intersect(a.give(), b.give()));
}
Set operator|(const Set& a, const Set& b) {
    return Set(isl_set_union(a.give(), b.give()));
}
Set operator~(const Set& a) {
    return Set(isl_set_complement(a.give()));
}
Set equal(const Affine& a, const Affine& b) {
    return Set(isl_pw_aff_eq_set(a.give(), b.give()));
}
Set different(const Affine& a, const Affine& b) {
    return Set(isl_pw_aff_ne_set(a.give(), b.give()));
}
Set less(const Affine& a, const Affine& b) {
    return Set(isl_pw_aff_lt_set(a.give(), b.give()));
}
Set at_most(const Affine& a, const Affine& b) {
    return Set(isl_pw_aff_le_set(a.give(), b.give()));
}

Set without(const Set& s, const std::function<bool(const std::string&)>& name) {
    Set left = s;
    for (size_t n = count(isl_set_dim(s.get(), isl_dim_param)); n-- > 0;) {
        const auto at = static_cast<unsigned>(n);
        const Id id(isl_set_get_dim_id(left.get(), isl_dim_param, at));
        if (name(isl_id_get_name(id.get())))
            left = Set(isl_set_project_out(left.give(), isl_dim_param, at, 1));
    }
    return left;
}

Affine choose(const Set& where, const Affine& a, const Affine& b) {
    isl_pw_aff* then = isl_pw_aff_intersect_domain(a.give(), where.give());
    isl_pw_aff* otherwise = isl_pw_aff_subtract_domain(b.give(), where.give());
    return Affine(isl_pw_aff_union_add(then, otherwise));
}

} // namespace lathe::isl
