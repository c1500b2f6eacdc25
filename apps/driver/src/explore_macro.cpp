#include "command_line.h"
#include "lathe/driver/outputs.h"
#include "lathe/driver/plot.h"
#include "lathe/driver/roofline.h"
#include "lathe/ir/files.h"
#include "lathe/ir/print.h"
#include "lathe/ir/simplify.h"
#include "macro_search.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

namespace lathe {

using namespace ir;
using namespace exploring;

namespace {

struct Options {
    std::string program, generator, macro, arch, types, store, csv, json, plot, roofline, over = "dsp";
    std::vector<std::string> settings, sizes, vary, limits, unroll, iterate, tiles, words;
    size_t shown = 20;
    int64_t banks = 1;
    bool in_place = false, quiet = false;
};

/// "1,2,4" and "1..64", in ascending order.
std::vector<int64_t> numbers(const std::vector<std::string>& texts, const char* option) {
    std::set<int64_t> all;
    for (const std::string& text : texts) {
        const size_t dots = text.find("..");
        const auto read = [&](const std::string& part) {
            int64_t n = 0;
            const auto end = std::from_chars(part.data(), part.data() + part.size(), n);
            constexpr int64_t most = 1024;
            if (end.ec != std::errc() || end.ptr != part.data() + part.size() || n < 1 || n > most)
                fail({}, "{} is \"{}\": write numbers from 1 to {}, such as 1,2,4 or 1..64", option, text,
                     most);
            return n;
        };
        const int64_t from = read(text.substr(0, dots)),
                      to = dots == std::string::npos ? from : read(text.substr(dots + 2));
        for (int64_t n = from; n <= to; ++n)
            all.insert(n);
        if (from > to) fail({}, "{} is \"{}\": nothing lies between", option, text);
    }
    return {all.begin(), all.end()};
}

/// The extents of what the macro computes. \throws Error when they are not constant.
std::vector<int64_t> extents_of(const Pipeline& p) {
    std::vector<int64_t> extents;
    for (const Argument& a : p.schedule.reference().top().arguments) {
        if (a.tensor.symbol != p.out) continue;
        for (const Dim& d : a.tensor.dims) {
            const auto n = as_int(simplify(d.extent));
            if (!n) {
                std::string sizes;
                for (const Param& s : p.schedule.reference().top().params)
                    if (s.type.is_index()) sizes += (sizes.empty() ? "" : ",") + s.symbol.name() + "=NUMBER";
                fail({}, "the sizes of {} are not constant: --bind {}", p.out.name(), sizes);
            }
            extents.push_back(*n);
        }
    }
    return extents;
}

/// Whole rows, and strips of powers of two.
std::vector<std::vector<int64_t>> tiles_of(const std::vector<int64_t>& extents) {
    constexpr int64_t least = 64;
    std::vector<std::vector<int64_t>> tiles = {{}};
    if (extents.size() < 2) return tiles;
    for (int64_t width = least; width < extents.back(); width *= 2) {
        std::vector<int64_t> tile;
        for (size_t d = 1; d < extents.size(); ++d)
            tile.push_back(std::min(width, extents[d]));
        tiles.push_back(tile);
    }
    return tiles;
}

std::set<int> argument_bits(const Schedule& s) {
    std::set<int> bits;
    for (const Argument& a : s.reference().top().arguments)
        if (!a.tensor.dims.empty()) bits.insert(a.tensor.type.width());
    return bits;
}

std::vector<Variation> variations(const Options& o, const Pipeline& p) {
    std::vector<Variation> vary;
    for (const std::string& v : o.vary)
        vary.push_back(read_variation(v, p.groups));
    check_apart(vary);
    for (const Variation& v : vary)
        for (const char* option : {"unroll", "iterate", "tile", "word", "types"})
            if (v.group.name == option)
                fail({},
                     "a tensor called {} cannot vary, since a column of the results has that name: rename it",
                     option);
    if (o.types.empty()) return vary;
    Exploration::Group others = p.every();
    for (const Variation& v : vary)
        std::erase_if(others.tensors,
                      [named = symbols_of(v.group)](const TensorRef& t) { return named.contains(t.symbol); });
    if (others.tensors.empty())
        fail({}, "--types is of the tensors that no --vary names, and there are none: leave one of them out");
    vary.insert(vary.begin(), read_variation("types=" + o.types, {others}));
    return vary;
}

/// Lanes and words that are to be looked at: those that were asked for, all of them; else those that fit the
/// board's ports.
struct Widths {
    std::vector<int64_t> unroll, word;
    int64_t port_bits, most_lanes;

    std::vector<Width> of(const std::set<int>& element_bits) const {
        std::vector<Width> all;
        const std::vector<int64_t> lanes =
            unroll.empty() ? fitting_unrolls(element_bits, port_bits, most_lanes) : unroll;
        for (const int64_t k : lanes) {
            for (const int64_t w : word)
                all.push_back({k, w});
            if (!word.empty()) continue;
            all.push_back({k, 0});
            if (shares_words(k, port_bits, element_bits)) all.push_back({k, port_bits});
        }
        return all;
    }
};

/// The designs for each choice of types, in the order of the choices.
std::vector<TypedDesigns> typed_designs(const Pipeline& p, const std::vector<Variation>& vary,
                                        const Widths& widths) {
    std::vector<TypedDesigns> all;
    size_t count = 1;
    for (const Variation& v : vary)
        count *= v.types.size();
    for (size_t n = 0; n < count; ++n) {
        TypedDesigns t{{}, p.schedule, {}};
        std::vector<TypeChoice> choices;
        size_t rest = n;
        for (size_t g = vary.size(); g-- > 0; rest /= vary[g].types.size())
            t.types.push_back(vary[g].types[rest % vary[g].types.size()]);
        std::ranges::reverse(t.types);
        for (size_t g = 0; g < vary.size(); ++g)
            choices.push_back({vary[g].group.tensors, t.types[g]});
        try {
            if (!choices.empty()) t.schedule.quantize(choices);
        } catch (const InternalError&) {
            throw;
        } catch (const Error& e) {
            t.refused = e.message();
        }
        t.widths = widths.of(argument_bits(t.schedule));
        all.push_back(std::move(t));
    }
    return all;
}

std::vector<int64_t> words_of(const Options& o) {
    std::vector<std::string> widths = o.words;
    const bool none = std::erase(widths, "0") > 0; // element by element
    std::vector<int64_t> all = numbers(widths, "--word");
    if (none) all.insert(all.begin(), 0);
    return all;
}

MacroSpace space_of(const Options& o, const Pipeline& p, const MacroModel& model) {
    const std::vector<int64_t> extents = extents_of(p);
    constexpr int64_t most_lanes = 1024;
    MacroSpace space{p.out, variations(o, p), {}, {}, numbers(o.iterate, "--iterate"), o.in_place};
    space.typed = typed_designs(p, space.vary,
                                {numbers(o.unroll, "--unroll"), words_of(o), model.port_bits,
                                 extents.empty() ? 1 : std::min(extents.back(), most_lanes)});
    for (const std::string& t : o.tiles)
        space.tiles.push_back(read_tile(t));
    if (o.tiles.empty()) space.tiles = tiles_of(extents);
    return space;
}

/// As a shell reads it as one word.
std::string shell_word(const std::string& text) {
    const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view("_-=.,/:+").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (plain) return text;
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? "'\\''" : std::string(1, c);
    return quoted + "'";
}

/// The command that makes a design.
std::string command_for(const Options& o, const MacroModel& model, const Schema& schema, const Row& row) {
    std::vector<std::string> words = {o.program, o.generator};
    words.insert(words.end(), o.settings.begin(), o.settings.end());
    if (!o.sizes.empty()) words.insert(words.end(), {"--bind", fmt::format("{}", fmt::join(o.sizes, ","))});
    words.insert(words.end(), {"--macro", o.macro});
    for (size_t c = 0; c < schema.choices.size(); ++c) {
        const std::string value = shown(row.choices[c]);
        if (c < macro_options || (c == macro_options && !o.types.empty()))
            words.insert(words.end(), {"--" + schema.choices[c], value});
        else
            words.insert(words.end(), {"--type", schema.choices[c] + "=" + value});
    }
    if (o.in_place) words.emplace_back("--in-place");
    words.insert(words.end(), {"-e", "vitis"});
    words.insert(words.end(), model.make_options.begin(), model.make_options.end());
    std::string text;
    for (const std::string& w : words)
        text += (text.empty() ? "" : " ") + shell_word(w);
    return text;
}

void show(const Schema& schema, const MacroResults& results, size_t shown_rows) {
    const auto of = [&](const Row& row, const char* name) -> const Cell& {
        const auto m = std::ranges::find(schema.measures, name, &Measure::name);
        return row.measures[static_cast<size_t>(m - schema.measures.begin())];
    };
    const size_t count = results.front.size(), first = count > shown_rows ? count - shown_rows : 0;
    if (first > 0)
        std::cout << fmt::format("{} slower designs are on the front, too: --csv, --json or --show\n", first);
    for (size_t n = first; n < count; ++n) {
        const Row& row = results.front[n];
        std::string choices;
        for (size_t c = 0; c < row.choices.size(); ++c)
            choices += fmt::format("  {}={}", schema.choices[c], shown(row.choices[c]));
        std::cout << fmt::format(
            "{:9.2f} GOP/s  {:8.3f} Gpoint/s  {:>6} DSP  {:>5} BRAM18  {:>8} LUT  {:8.3f} bytes/point  "
            "{:<10}{}\n",
            number(of(row, "gops")), number(of(row, "gpoints")), shown(of(row, "dsp")),
            shown(of(row, "bram18")), shown(of(row, "lut")), number(of(row, "bytes_per_point")),
            shown(of(row, "binding")), choices);
    }
}

Plot plot_of(const Options& o, const Schema& schema, const MacroResults& results) {
    const auto column = [&](const std::string& name) {
        return static_cast<size_t>(std::ranges::find(schema.measures, name, &Measure::name) -
                                   schema.measures.begin());
    };
    const size_t x = column(o.over), y = column("gops"), fits = column("fits");
    const auto points = [&](const std::vector<Row>& rows) {
        std::vector<std::pair<double, double>> list;
        for (const Row& row : rows)
            if (row.measures[fits] == Cell(true))
                list.emplace_back(number(row.measures[x]), number(row.measures[y]));
        return list;
    };
    return {fmt::format("{}, {} on {} (estimated)", o.generator, o.macro, o.arch),
            o.over,
            "GOP/s",
            {{"designs", points(results.rows), false}, {"front", points(results.front), false}}};
}

/// Below what the banks bring, and what the DSPs of the board would compute if all of them did as well as
/// those of the best design of a type.
Plot roofline_of(const Options& o, const Schema& schema, const MacroModel& model,
                 const MacroResults& results) {
    const auto of = [&](const Row& row, const char* name) -> const Cell& {
        const auto m = std::ranges::find(schema.measures, name, &Measure::name);
        return row.measures[static_cast<size_t>(m - schema.measures.begin())];
    };
    std::vector<RooflineDesign> designs;
    std::map<std::string, Roof> roofs; ///< by the types that are chosen
    for (const Row& row : results.rows) {
        if (!std::holds_alternative<double>(of(row, "gops"))) continue; // refused
        const double gops = number(of(row, "gops")), dsp = number(of(row, "dsp"));
        designs.push_back({gops / (number(of(row, "gpoints")) * number(of(row, "bytes_per_point"))), gops,
                           shown(of(row, "binding"))});
        std::string types;
        for (size_t c = macro_options; c < row.choices.size(); ++c)
            types += " " + shown(row.choices[c]);
        Roof& r = roofs[types];
        r.name = "roof" + types;
        r.gigabytes = std::max(r.gigabytes, number(of(row, "bandwidth_roof")));
        if (dsp > 0) r.gops = std::max(r.gops, gops / dsp * model.dsp);
    }
    std::vector<Roof> drawn;
    for (const auto& [types, r] : roofs)
        drawn.push_back(r);
    return roofline(fmt::format("{}, {} on {}: designs and roofs (estimated)", o.generator, o.macro, o.arch),
                    designs, drawn);
}

void write(const Options& o, const Schema& schema, const MacroModel& model, const MacroResults& results) {
    if (!o.csv.empty()) write_file(o.csv, csv(schema, results.rows));
    if (!o.json.empty()) {
        auto refused = nlohmann::ordered_json::array();
        for (const auto& [reason, count] : results.refused)
            refused.push_back({{"designs", count}, {"reason", reason}});
        write_file(o.json, nlohmann::ordered_json{{"generator", o.generator},
                                                  {"macro", o.macro},
                                                  {"arch", o.arch},
                                                  {"estimated", true},
                                                  {"front", json(schema, results.front)},
                                                  {"all", json(schema, results.rows)},
                                                  {"refused", refused},
                                                  {"too_large", results.too_large},
                                                  {"left_out", results.left_out}}
                                   .dump(1) +
                               "\n");
    }
    if (!o.plot.empty()) write_file(o.plot, svg(plot_of(o, schema, results)));
    if (!o.roofline.empty()) write_file(o.roofline, svg(roofline_of(o, schema, model, results)));
}

/// Everything that decides what a design is estimated at.
std::string setup_of(const Options& o, const Pipeline& p, const MacroModel& model, const MacroSpace& space) {
    std::vector<std::string> words = {o.generator};
    words.insert(words.end(), o.settings.begin(), o.settings.end());
    words.insert(words.end(), o.sizes.begin(), o.sizes.end());
    for (const Variation& v : space.vary)
        words.push_back("vary " + v.group.name);
    if (o.in_place) words.emplace_back("in place");
    return fmt::format("{} ({}), {} on {}", fmt::join(words, " "), fingerprint(print(p.schedule.reference())),
                       o.macro, model.setup);
}

void explore(const Options& o, const std::vector<Generator>& generators, const MakeMacroModel& make_model) {
    check_macro(o.macro);
    check_generators(generators);
    check_outputs({{"--store", o.store, false}, {"--csv", o.csv}, {"--json", o.json}, {"--plot", o.plot}});
    const Generator& g = find_generator(generators, o.generator);
    Pipeline p = pipeline_of(made_by(g, GeneratorArguments(parameter_values(g, o.settings), Target::host())));
    bind_sizes(p.schedule, o.sizes);
    const MacroModel model = make_model(o.arch, o.limits, o.banks);
    const MacroSpace space = space_of(o, p, model);
    const Schema schema = macro_schema(space.vary);
    exploring::Store store(o.store, setup_of(o, p, model, space), schema, MacroResults::store_interval);
    if (store.found_before() > 0) std::cout << store.found_before() << " designs are known from before\n";
    const MacroResults results = search_macro(space, model.estimate, store, o.quiet);
    write(o, schema, model, results);
    for (const auto& [reason, count] : results.refused)
        std::cout << fmt::format("{} refused: {}\n", count, reason);
    if (results.left_out > 0)
        std::cout << results.left_out << " have more steps than one that is refused or does not fit\n";
    std::cout << fmt::format("{} designs, {} of them too large for {}, {} on the front; all is estimated\n",
                             results.rows.size(), results.too_large, o.arch, results.front.size());
    if (results.front.empty()) fail({}, "there is no {} of {} that fits {}", o.macro, g.name, o.arch);
    show(schema, results, o.shown);
    std::cout << command_for(o, model, schema, results.front.back()) << '\n';
}

void describe(CLI::App& app, Options& o) {
    const auto list = [&](const char* name, std::vector<std::string>& to, const char* text) {
        return app.add_option(name, to, text)->delimiter(',')->allow_extra_args(false);
    };
    app.add_option("generator", o.generator, "the generator")->required();
    app.add_option("settings", o.settings, "its parameters, as NAME=VALUE");
    app.add_option("--macro", o.macro, "stencil")->required();
    app.add_option("--arch", o.arch, "the board: its name, or a file that describes it")->required();
    list("--bind", o.sizes, "sizes, as H=480,W=640");
    app.add_option("--types", o.types, "types of all tensors that no --vary names: 'Float(32)|Fixed(16, 8)'");
    app.add_option("--vary", o.vary, "a tensor and its types: 'rows=Fixed(18, 10)|Fixed(i, i-8):i=16..12'")
        ->allow_extra_args(false);
    list("--unroll", o.unroll,
         "points in a cycle: 1,2,4 or 1..64 (default: those that fit to words of memory)");
    o.iterate = {"1..64"};
    list("--iterate", o.iterate, "steps in time")->capture_default_str();
    list("--word", o.words,
         "bits of the words at the ports of arguments: 0,512 (default: 0, element by element, and those of "
         "the "
         "board's memory, where lanes share them out)");
    list("--tile", o.tiles, "widths of strips: whole,256,64x512 (default: whole, and powers of two)");
    app.add_flag("--in-place", o.in_place, "a stage may read what it has just written");
    list("--limit", o.limits, "other shares of the board, as dsp=0.7,lut=0.5");
    app.add_option("--banks", o.banks, "banks of memory that each array lies in")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    app.add_option("--store", o.store, "file of results: a search that was stopped goes on from there");
    app.add_option("--csv", o.csv, "write every design");
    app.add_option("--json", o.json, "write the front and every design");
    app.add_option("--plot", o.plot, "write GOP/s as SVG");
    app.add_option("--roofline", o.roofline,
                   "write GOP/s over operations for each byte, below the board's roofs, as SVG");
    app.add_option("--over", o.over, "what the plot is over")
        ->check(CLI::IsMember({"dsp", "bram18", "uram", "lut", "ff", "bytes_per_point", "fifo_bits"}))
        ->capture_default_str();
    app.add_option("--show", o.shown, "how many designs of the front are printed")->capture_default_str();
    app.add_flag("--quiet", o.quiet, "no progress");
}

} // namespace

int explore_macro_main(int argc, const char* const* argv, const std::vector<Generator>& generators,
                       const MakeMacroModel& make_model) {
    Options o;
    o.program = argv[0];
    CLI::App app{"Searches over the designs of a macro on a board: GOP/s against resources and bytes."};
    describe(app, o);
    return run_command(app, argc, argv, [&] { explore(o, generators, make_model); });
}

} // namespace lathe
