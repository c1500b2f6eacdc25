#pragma once
/// \file Parts of a JSON text that are what they must be, or else an Error that says where and why.

#include "lathe/ir/error.h"

#include <nlohmann/json.hpp>

namespace lathe::ir {

using Json = nlohmann::json;

/// A value in a text, and its place there: "resources.dsp".
class JsonPart {
  public:
    JsonPart(const Json& v, std::string w, std::string p, Loc l)
        : value(&v), where(std::move(w)), place(std::move(p)), loc(l) {}

    const Json& json() const { return *value; }
    /// \throws Error with the file and the place.
    template <class... Args>
    [[noreturn]] void wrong(fmt::format_string<Args...> format, Args&&... args) const {
        fail(loc, "{}: {}{}", where, place.empty() ? "" : place + " ",
             fmt::format(format, std::forward<Args>(args)...));
    }
    bool has(const std::string& key) const { return value->is_object() && value->contains(key); }
    /// \throws Error where there is none.
    JsonPart at(const std::string& key) const;
    std::vector<JsonPart> elements() const;
    /// \throws Error for keys that are none of these.
    void only(const std::vector<std::string>& keys) const;
    std::string text() const;                      ///< that is not empty
    double number(double least, bool above) const; ///< at least so much, or more than that
    int64_t whole(int64_t least) const;            ///< an integer, at least so much
    /// It has entries of the model, and each of the model's kind; rows of a list have all of the first's.
    void check_like(const Json& model, bool all = false) const;

  private:
    const Json* value;
    std::string where, place;
    Loc loc;
};

/// \throws Error naming `where` unless the text is JSON.
Json parse_json(const std::string& text, const std::string& where, Loc loc);

} // namespace lathe::ir
