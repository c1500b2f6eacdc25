#pragma once
/// \file Sets of integer points by isl: handles that own, an operation budget, and results that are never
/// null. All variables of a set are named (isl's parameters), so that sets of different variables combine.

#include <gmpxx.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Nothing here calls isl: its functions are hidden in one object.
struct isl_ctx;
struct isl_pw_aff;
struct isl_set;

namespace lathe::isl {

/// isl gave no result: the budget is spent, or it met something that it cannot do.
struct GaveUp {};

/// isl's objects of one thread and what they may cost. Lives longer than all of them.
class Context {
  public:
    /// `operations`: of isl's own count, until restart().
    explicit Context(unsigned long operations);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    isl_ctx* get() const { return ctx; }
    void restart(); ///< a whole budget again

  private:
    isl_ctx* ctx;
};

isl_pw_aff* copy_reference(isl_pw_aff* a);
isl_set* copy_reference(isl_set* s);
void release_reference(isl_pw_aff* a);
void release_reference(isl_set* s);

/// Owns one reference. \throws GaveUp when made from null.
template <class T> class Handle {
  public:
    explicit Handle(T* owned) : object(owned) {
        if (!owned) throw GaveUp();
    }
    Handle(const Handle& o) : object(o.object ? o.give() : nullptr) {}
    Handle(Handle&& o) noexcept : object(std::exchange(o.object, nullptr)) {}
    Handle& operator=(Handle o) noexcept {
        std::swap(object, o.object);
        return *this;
    }
    ~Handle() {
        if (object) release_reference(object);
    }
    T* get() const { return object; }
    T* give() const { return copy_reference(object); } ///< a reference for a callee that takes it

  private:
    T* object;
};

/// An integer that depends on the variables, piece by piece.
class Affine : public Handle<isl_pw_aff> {
  public:
    using Handle::Handle;
    static Affine constant(const Context& c, const mpz_class& value);
    static Affine variable(const Context& c, const std::string& name);
    bool is_constant() const;
    std::optional<mpz_class> value() const; ///< if it is the same everywhere
    size_t pieces() const;
    bool same_as(const Affine& o) const; ///< plainly: false means "not seen"
};

Affine operator+(const Affine& a, const Affine& b);
Affine operator-(const Affine& a, const Affine& b);
Affine operator-(const Affine& a);
Affine operator*(const Affine& a, const Affine& b); ///< one of them is constant
Affine min(const Affine& a, const Affine& b);
Affine max(const Affine& a, const Affine& b);
Affine floor_div(const Affine& a, const mpz_class& by); ///< by ≠ 0

class Set : public Handle<isl_set> {
  public:
    using Handle::Handle;
    static Set all(const Context& c);
    static Set none(const Context& c);
    bool is_empty() const;
    bool is_plainly_empty() const;
    size_t pieces() const;
    /// Some point: the variables' names and values. None if empty.
    std::optional<std::vector<std::pair<std::string, mpz_class>>> sample() const;
    std::optional<mpz_class> least(const Affine& of) const; ///< none: unbounded. \pre not empty
    std::optional<mpz_class> greatest(const Affine& of) const;
    bool contains(const Set& o) const;
};

Set operator&(const Set& a, const Set& b);
Set operator|(const Set& a, const Set& b);
Set operator~(const Set& a);
Set equal(const Affine& a, const Affine& b);
Set different(const Affine& a, const Affine& b);
Set less(const Affine& a, const Affine& b);
Set at_most(const Affine& a, const Affine& b);
/// What is left of the points when the variables with these names may be anything.
Set without(const Set& s, const std::function<bool(const std::string&)>& name);
/// `a` where the set holds, else `b`.
Affine choose(const Set& where, const Affine& a, const Affine& b);

} // namespace lathe::isl
