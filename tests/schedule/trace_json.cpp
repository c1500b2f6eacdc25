// Traces as JSON: written and read again they make the same schedule; whatever else stands there is an Error.

#include "deep.h"
#include "random_schedule.h"

#include "lathe/ir/parse.h"

#include <nlohmann/json.hpp>

using namespace lathe;
using namespace lathe::ir;

namespace {

Schedule tiled() {
    Gemm g;
    Schedule s(g.C);
    auto [io, jo, ii, ji] = s[g.C].tile({g.i, g.j}, {4, 8});
    s[g.C].vectorize(ji);
    s[g.C].separate(io, jo);
    s[g.C].serial(all(ii));
    s.bind(g.K, 24)
        .quantize(g.A, Fixed(16, 12, Round::rnd))
        .quantize(g.C, Fixed(40, 20), {.accumulate = Int(48)});
    return s;
}

void refused(const Schedule& fresh, const std::string& json, const std::string& message) {
    Schedule s = fresh;
    unsigned line = 0;
    try {
        line = __LINE__ + 1;
        s.apply_trace(json);
        FAIL_CHECK("not refused: " << json);
    } catch (const InternalError& e) {
        FAIL_CHECK(e.message());
    } catch (const Error& e) {
        CHECK_MESSAGE(e.message().find(message) != std::string::npos, e.message());
        CHECK(e.loc().line == line);
    }
    CHECK(print(s) == print(fresh));
}

} // namespace

TEST_CASE("a trace repeated on the same algorithm written again") {
    const std::string json = tiled().trace_json();
    Gemm g;
    Schedule s(g.C);
    s.apply_trace(json);
    CHECK(print(s) == print(tiled()));
    CHECK(s.trace() == tiled().trace());
    CHECK(s.trace_json() == json);
}

TEST_CASE("traces of random schedules, written and read") {
    int steps = 0;
    for (int seed = 0; seed < count(60, 2000); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed) + 5000), again(static_cast<unsigned>(seed) + 5000);
        const Program p = make_program(random), q = make_program(again);
        Schedule s(p.algorithm);
        for (int n = 0; n < 10; ++n)
            steps += random_call(s, p.algorithm, random);
        CAPTURE(seed);
        const std::string json = s.trace_json();
        INFO(json);
        Schedule t(q.algorithm);
        CHECK_NOTHROW(t.apply_trace(json));
        CHECK(print(t) == print(s));
        CHECK(t.trace_json() == json);
    }
    CHECK(steps > count(60, 2000));
}

TEST_CASE("loops of one name are told apart by their place") {
    Var i("i");
    RDom a(0, 3, "r"), b(0, 4, "r");
    Param N("N");
    Input in("in", Int(8), {Operand(N), 3, 4});
    Func f("f", Int(32), {N});
    f(i) = 0;
    f(i) += cast(Int(16), in(i, a, b));
    Schedule s(f), t(f);
    s[f].split(b, 2);
    t.apply_trace(s.trace_json());
    CHECK(print(s) == print(t));
}

TEST_CASE("refused: texts that are no trace of this algorithm") {
    Gemm g;
    const Schedule s(g.C);
    const auto steps = [](const std::string& step) {
        return R"({"lathe_trace": 1, "types": [], "contraction": true, "steps": [)" + step + "]}";
    };
    refused(s, "", "it is not a JSON object");
    refused(s, "[1]", "it is not a JSON object");
    refused(s, s.trace_json() + std::string("\0", 1), "this is no trace: its byte ");
    refused(s, s.trace_json() + std::string("\0{", 2), "is NUL");
    refused(s, "{}", "\"lathe_trace\" is missing");
    refused(s, R"({"lathe_trace": 2})", "this is no trace of version 1: \"lathe_trace\" is 2");
    refused(tiled(), tiled().trace_json(), "a trace applies to a Schedule without steps");
    refused(s, steps("3"), "the trace has an entry without \"primitive\": 3");
    refused(s, steps(R"({"primitive": 3})"), "the trace has 3 in the place of a text");
    refused(s, steps(R"({"primitive": "split", "stage": "D"})"), "the trace names D, which");
    refused(s, steps(R"({"primitive": "split", "stage": "C", "definition": 7})"),
            "the trace names definition 7 of C");
    refused(s, steps(R"({"primitive": "split", "stage": "C", "definition": "x"})"),
            "the trace has \"x\" in the place of a definition's number");
    refused(s, steps(R"({"primitive": "melt", "stage": "C", "definition": 1})"),
            "the trace names the primitive melt, which does not exist");
    refused(s, steps(R"({"primitive": "split", "stage": "C", "definition": 1})"),
            "the trace has a step that split does not take: 0 loops, 0 numbers, 0 words");
    refused(s, steps(R"({"primitive": "parallel", "stage": "C", "definition": 1, "loops": 1})"),
            "\"loops\" of the trace is no list: 1");
    refused(s, steps(R"({"primitive": "parallel", "stage": "C", "definition": 1, "loops": [{"loop": "x"}]})"),
            "x is no loop of update 0 of C, which has i, j, k");
    refused(
        s,
        steps(
            R"({"primitive": "parallel", "stage": "C", "definition": 1, "loops": [{"step": 0, "result": 1}]})"),
        "the trace names result 1 of step 0, which is not there");
    refused(
        s,
        steps(
            R"({"primitive": "partition", "tensor": {"result": 0}, "numbers": [0], "words": ["complete"]})"),
        "the trace has a tensor without \"step\": {\"result\":0}");
    refused(
        s,
        steps(
            R"({"primitive": "parallel", "stage": "C", "definition": 1, "loops": [{"loop": "i"}], "every": 1})"),
        "the trace has 1 in the place of true or false");
    refused(s, steps(R"({"primitive": "parallel", "stage": "C", "definition": 1, "loops": [{"loop": "k"}]})"),
            "carried by k");
    refused(
        s,
        steps(
            R"({"primitive": "split", "stage": "C", "definition": 1, "loops": [{"loop": "k"}], "numbers": [4],
                      "words": ["cut", "", ""]})"),
        "there is no tail cut");
    const auto type = [](const std::string& t) {
        return R"({"lathe_trace": 1, "types": [{"tensor": "A", "type": ")" + t + "\"}]}";
    };
    refused(s, R"({"lathe_trace": 1, "sizes": [{"size": "Z", "value": 3}]})", "the trace binds Z, which");
    refused(s, R"({"lathe_trace": 1, "sizes": [{"size": "K", "value": -3}]})", "a size is not negative");
    const auto value = [](const std::string& v) {
        return R"({"lathe_trace": 1, "sizes": [{"size": "K", "value": )" + v + "}]}";
    };
    refused(s, value("18446744073709551615"), "the trace has 18446744073709551615 in the place of a size");
    refused(s, value("9223372036854775808"), "the trace has 9223372036854775808 in the place of a size");
    refused(s, value("3.0"), "the trace has 3.0 in the place of a size");
    refused(s, value("2147483648"), "a size is at most 2147483647");
    refused(s, steps(R"({"primitive": "partition", "tensor": "A", "loops": [{"loop": "i"}]})"),
            "the trace names a loop of a tensor: {\"loop\":\"i\"}");
    refused(s, type("Int(99999)"), "the width 99999 is not between 1 and 4096");
    refused(s, type("Complex(2)"), "\"Complex(2)\" is no type");
}

TEST_CASE("refused: traces that nest, repeat keys, hold unknown ones or are of another version") {
    Gemm g;
    const Schedule s(g.C);
    const auto with = [](const std::string& member) { return R"({"lathe_trace": 1, )" + member + "}"; };
    for (const int depth : {17, 12000, 1000000}) {
        const auto open = static_cast<size_t>(depth);
        refused(s, with("\"steps\": " + std::string(open, '[') + std::string(open, ']')),
                "the trace is nested more than 16 levels deep");
        refused(s, std::string(open, '['), "the trace is nested more than 16 levels deep");
        std::string objects;
        for (size_t n = 0; n < open; ++n)
            objects += "{\"steps\":";
        refused(s, objects, "the trace is nested more than 16 levels deep");
    }
    refused(s, R"({"lathe_trace": 1.0})", "this is no trace of version 1: \"lathe_trace\" is 1.0");
    refused(s, R"({"lathe_trace": true})", "this is no trace of version 1: \"lathe_trace\" is true");
    refused(s, R"({"lathe_trace": 1, "lathe_trace": 1})", "the trace has two values for \"lathe_trace\"");
    refused(s, with(R"("sizes": [{"size": "K", "size": "M", "value": 3}])"),
            "the trace has two values for \"size\"");
    refused(s, with(R"("colour": 3)"),
            "the trace has \"colour\" where there can be lathe_trace, types, contraction, sizes, steps");
    refused(s, with(R"("sizes": [{"size": "K", "value": 3, "unit": "m"}])"),
            "the trace has \"unit\" where there can be size, value");
    refused(s, with(R"x("types": [{"tensor": "A", "type": "Int(8)", "typ": "Int(9)"}])x"),
            "the trace has \"typ\" where there can be tensor, type, accumulate, literals");
    const auto loop = [&](const std::string& l) {
        return with(R"("steps": [{"primitive": "parallel", "stage": "C", "definition": 1, "loops": [)" + l +
                    "]}]");
    };
    refused(s, loop(R"({"loop": "i", "Place": 1})"),
            "the trace has \"Place\" where there can be step, result, loop, place");
    refused(s, loop(R"({"step": 0, "result": 0, "loop": "i"})"),
            "the trace names a loop both by a step and by its name");
    refused(s, loop(R"({"loop": "i", "result": 0})"), "the trace has a result of no step");
    refused(s, with(R"("steps": [{"primitive": "rename", "stage": "C", "definition": 1,
                       "loops": [{"loop": "i"}], "words": ["a\u000ab"]}])"),
            "a name holds the control character U+000A at byte 1");
    refused(s, with("\"x\": \"" + std::string(100000, 'x') + "\""), "the trace has \"x\" where there can be");
}

TEST_CASE("names of a trace stay apart though one looks like another's second") {
    Var i("i");
    Input a("f", Int(8), {4}), b("f_1", Int(8), {4});
    Func f("f", Int(16), {4}), out("g", Int(16), {4});
    f(i) = a(i) + b(i);
    out(i) = f(i);
    Schedule s({a, b}, {out}), t({a, b}, {out});
    s[f].split(i, 2);
    t.apply_trace(s.trace_json());
    CHECK(print(t) == print(s));
}

namespace {

/// Texts of the grammar of traces, with values that are often wrong.
class RandomTrace {
  public:
    explicit RandomTrace(std::mt19937& r) : random(r) {}

    std::string make() {
        std::string text = "{" + member("lathe_trace", chance(30) ? "1" : value());
        if (chance(1, 3)) text += ", " + member("types", list([&] { return type_step(); }));
        if (chance(1, 4)) text += ", " + member("contraction", chance(9) ? "false" : value());
        if (chance(1, 3)) text += ", " + member("sizes", list([&] { return size(); }));
        return text + ", " + member("steps", list([&] { return step(); })) + "}";
    }

  private:
    bool chance(unsigned right, unsigned of = 0) { return random() % (of ? of : right + 1) < right; }
    std::string one(const std::vector<std::string>& all) { return all[random() % all.size()]; }
    std::string quote(const std::string& s) { return '"' + s + '"'; }
    std::string number() {
        return one({"0", "1", "2", "3", "4", "8", "16", "-1", "1000000", "2147483648", "9223372036854775807",
                    "18446744073709551615", "1.0", "1e3"});
    }
    std::string value() {
        return one({"null", "true", "[]", "{}", "\"\"", "\"i\"", "[[[]]]", "-1", "\"\\u0000\""})
            .append(chance(1, 30) ? "]" : "");
    }
    std::string member(const std::string& key, const std::string& v) {
        return quote(chance(40) ? key : one({"x", "loops", "stage", "step", ""})) + ": " +
               (chance(25) ? v : value());
    }
    template <class F> std::string list(F element) {
        std::string text;
        for (size_t n = random() % 4; n-- > 0;)
            text += (text.empty() ? "" : ", ") + element();
        return "[" + text + "]";
    }
    std::string type() {
        return quote(one({"Int(8)", "Fixed(16, 12)", "Fixed(16, 12, rnd, sat)", "Float(32)", "Int(0)",
                          "Int(9999)", "UInt(3", "Bool"}));
    }
    std::string type_step() {
        std::string text =
            "{" + member("tensor", quote(one({"A", "B", "C", "D"}))) + ", " + member("type", type());
        if (chance(1, 3)) text += ", " + member("accumulate", chance(2) ? "\"exact\"" : type());
        if (chance(1, 5)) text += ", " + member("literals", type());
        return text + "}";
    }
    std::string size() {
        return "{" + member("size", quote(one({"M", "N", "K", "Z"}))) + ", " + member("value", number()) +
               "}";
    }
    std::string loop() {
        if (chance(1, 3)) return "{" + member("step", number()) + ", " + member("result", number()) + "}";
        std::string text = "{" + member("loop", quote(one({"i", "j", "k", "i_o", "x"})));
        if (chance(1, 8)) text += ", " + member("place", number());
        return text + "}";
    }
    std::string step() {
        std::string text =
            "{" +
            member("primitive", quote(one({"split", "reorder", "parallel", "vectorize", "unroll", "serial",
                                           "fuse", "fuse_init", "rename", "pipeline", "compute_at", "inline",
                                           "store_in", "separate", "melt"}))) +
            ", " + member("stage", quote(one({"C", "C", "C", "A", "D"}))) + ", " +
            member("definition", one({"0", "1", "1", "2", "-1"}));
        if (chance(1, 8))
            text +=
                ", " + member("consumer", quote("C")) + ", " + member("consumer_definition", one({"0", "1"}));
        if (chance(1, 8))
            text +=
                ", " + member("tensor",
                              "{" +
                                  (chance(1, 3) ? member("step", number()) + ", " + member("result", number())
                                                : member("name", quote(one({"A", "B", "C", "D"})))) +
                                  "}");
        if (chance(9)) text += ", " + member("loops", list([&] { return loop(); }));
        if (chance(1, 8)) text += ", " + member("every", one({"true", "false"}));
        if (chance(1, 2)) text += ", " + member("numbers", list([&] { return number(); }));
        if (chance(1, 2))
            text += ", " + member("words", list([&] {
                                      return quote(one({"guard", "exact", "", "stack", "heap", "io", "a\\nb",
                                                        "xxxxxxxx"}));
                                  }));
        return text + "}";
    }
    std::mt19937& random;
};

} // namespace

TEST_CASE("random traces by their grammar never crash") {
    int refusals = 0, accepted = 0;
    for (int seed = 0; seed < count(3000, 100000); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        const std::string text = RandomTrace(random).make();
        Gemm g;
        Schedule s(g.C);
        INFO(text);
        try {
            s.apply_trace(text);
            verify(s.module());
            Schedule again(g.C);
            again.apply_trace(s.trace_json());
            CHECK(print(again) == print(s));
            ++accepted;
        } catch (const InternalError& e) {
            FAIL_CHECK(e.message());
        } catch (const Error&) {
            ++refusals;
        }
    }
    CHECK(refusals > 0);
    CHECK(accepted > 50);
}

TEST_CASE("spoilt traces never crash") {
    const std::string good = tiled().trace_json();
    std::mt19937 random(7);
    int refusals = 0;
    for (int n = 0; n < count(600, 100000); ++n) {
        std::string text = good;
        for (int edits = 1 + static_cast<int>(random() % 3); edits-- > 0;) {
            const size_t at = random() % text.size();
            switch (random() % 3) {
            case 0:
                text.erase(at, 1 + random() % 4);
                break;
            case 1:
                text[at] = static_cast<char>('0' + random() % 75);
                break;
            default:
                text.insert(at, std::string(1, static_cast<char>('0' + random() % 10)));
            }
        }
        Gemm g;
        Schedule s(g.C);
        try {
            s.apply_trace(text);
            verify(s.module());
        } catch (const InternalError& e) {
            FAIL_CHECK(e.message() << text);
        } catch (const Error&) {
            ++refusals;
        }
    }
    CHECK(refusals > 0);
}

TEST_CASE("types from text") {
    for (const Type t :
         {Bool(), Int(15), UInt(4096), Fixed(16, 12), Fixed(8, -3, Round::rnd_conv, Overflow::sat_sym),
          UFixed(9, 12, Round::trn_zero), Fixed(4, 2, Round::trn, Overflow::wrap_sm), Float(32), BFloat(16)})
        CHECK(parse_type(t.str()) == t);
    CHECK(parse_type(" Fixed( 16,12 ) ") == Fixed(16, 12));
    for (const char* text : {"", "Int", "Int()", "Int(8", "Int(8))", "Int(8,2)", "Int(x)", "Int(8.5)",
                             "Fixed(8)", "Fixed(8,2,up)", "Fixed(8,2,rnd,sat,x)", "Bool(1)", "Index", "int8"})
        CHECK_THROWS_WITH_AS(parse_type(text), doctest::Contains("is no type. Types are"), Error);
    CHECK_THROWS_WITH_AS(parse_type("Int(0)"), doctest::Contains("the width 0"), Error);
}

TEST_CASE("the types of a trace are applied together") {
    Var i("i");
    Input a("a", Int(15), {4}), b("b", Int(15), {4});
    Func f("f", Int(16), {4});
    f(i) = bitcast(Int(16), a(i) + b(i));
    Schedule s(f);
    CHECK_THROWS_WITH_AS(s.quantize(a, UInt(15)), doctest::Contains("bitcast from Int(17) to Int(16)"),
                         Error);
    s.quantize({a, b}, UInt(15));
    Schedule again(f);
    again.apply_trace(s.trace_json());
    CHECK(equal(again.module(), s.module()));
    CHECK(again.trace_json() == s.trace_json());
}
