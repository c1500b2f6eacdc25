#include "lathe/ir/parse.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

namespace lathe::ir {

namespace {

const std::map<std::string, Round> roundings{
    {"trn", Round::trn},           {"trn_zero", Round::trn_zero}, {"rnd", Round::rnd},
    {"rnd_zero", Round::rnd_zero}, {"rnd_inf", Round::rnd_inf},   {"rnd_min_inf", Round::rnd_min_inf},
    {"rnd_conv", Round::rnd_conv}};
const std::map<std::string, Overflow> overflows{{"wrap", Overflow::wrap},
                                                {"sat", Overflow::sat},
                                                {"sat_zero", Overflow::sat_zero},
                                                {"sat_sym", Overflow::sat_sym},
                                                {"wrap_sm", Overflow::wrap_sm}};

/// NAME or NAME(ARGUMENT, …).
class TypeText {
  public:
    TypeText(const std::string& t, Loc l) : text(t), loc(l) {
        std::string bare = text;
        std::erase(bare, ' ');
        const size_t open = bare.find('(');
        name = bare.substr(0, open);
        if (open == std::string::npos) return;
        if (bare.back() != ')') refuse();
        std::string rest = bare.substr(open + 1, bare.size() - open - 2) + ",";
        for (size_t comma; (comma = rest.find(',')) != std::string::npos; rest.erase(0, comma + 1))
            arguments.push_back(rest.substr(0, comma));
    }

    Type type() const {
        const size_t n = arguments.size();
        if (name == "Bool" && n == 0) return Bool();
        if (name == "Int" && n == 1) return Int(number(0), loc);
        if (name == "UInt" && n == 1) return UInt(number(0), loc);
        if (name == "Float" && n == 1) return Float(number(0), loc);
        if (name == "BFloat" && n == 1) return BFloat(number(0), loc);
        if ((name != "Fixed" && name != "UFixed") || n < 2 || n > 4) refuse();
        const Round r = n > 2 ? mode(roundings, 2) : Round::trn;
        const Overflow o = n > 3 ? mode(overflows, 3) : Overflow::wrap;
        return name == "Fixed" ? Fixed(number(0), number(1), r, o, loc)
                               : UFixed(number(0), number(1), r, o, loc);
    }

  private:
    [[noreturn]] void refuse() const {
        fail(loc,
             "\"{}\" is no type. Types are Bool, Int(8), UInt(8), Fixed(16, 12, rnd, sat), UFixed(16, 12), "
             "Float(32), BFloat(16)",
             text);
    }
    int number(size_t i) const {
        const std::string& s = arguments[i];
        int n = 0;
        const auto end = std::from_chars(s.data(), s.data() + s.size(), n);
        if (end.ec != std::errc() || end.ptr != s.data() + s.size()) refuse();
        return n;
    }
    template <class Mode> Mode mode(const std::map<std::string, Mode>& modes, size_t i) const {
        const auto found = modes.find(arguments[i]);
        if (found == modes.end()) refuse();
        return found->second;
    }

    const std::string& text;
    Loc loc;
    std::string name;
    std::vector<std::string> arguments;
};

} // namespace

Type parse_type(const std::string& text, Loc loc) {
    return TypeText(text, loc).type();
}

} // namespace lathe::ir
