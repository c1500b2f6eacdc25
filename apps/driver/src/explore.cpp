#include "command_line.h"
#include "lathe/driver/generator.h"
#include "lathe/driver/outputs.h"
#include "lathe/driver/plot.h"
#include "lathe/ir/files.h"
#include "lathe/ir/print.h"
#include "macro_search.h"
#include "search.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

namespace lathe {

using namespace ir;

namespace {

struct Options {
    std::string generator, kind = "grid", store, csv, json, plot;
    std::vector<std::string> settings, vary;
    bool by_cost = false;
    SearchOptions search;
};

std::vector<exploring::Row> rows_of(const std::vector<Candidate>& all) {
    std::vector<exploring::Row> rows;
    for (const Candidate& c : all)
        rows.push_back(row_of(c));
    return rows;
}

Plot plot_of(const std::string& title, const std::vector<Candidate>& all,
             const std::vector<Candidate>& front) {
    const auto points = [](const std::vector<Candidate>& from) {
        std::vector<std::pair<double, double>> list;
        for (const Candidate& c : from)
            list.emplace_back(static_cast<double>(c.bits), c.accuracy);
        return list;
    };
    return {title,
            "bits of the tensors that vary",
            "accuracy in %",
            {{"candidates", points(all), false}, {"front", points(front), true}}};
}

void show(const std::vector<Variation>& vary, const std::vector<Candidate>& front) {
    for (const Candidate& c : front) {
        std::string types;
        for (size_t g = 0; g < vary.size(); ++g)
            types += (g ? "  " : "") + vary[g].group.name + "=" + c.types[g].str();
        std::cout << fmt::format(
            "{:7.2f} %  {:>10} bits  {:>7} multipliers  {:>10} memory bits  {:8.3f} s  {}\n", c.accuracy,
            c.bits, c.multipliers, c.memory, c.seconds, types);
    }
}

const Generator& find(const std::vector<Generator>& all, const std::string& name) {
    const Generator& found = find_generator(all, name);
    if (found.explore) return found;
    std::string names;
    for (const Generator& g : all)
        if (g.explore) names += (names.empty() ? "" : ", ") + g.name;
    fail({}, "{} offers nothing to explore: {} do", name, names.empty() ? "no generators" : names);
}

/// The algorithm and its constants' elements.
std::string text_of(const Schedule& s) {
    std::string text = print(s.reference());
    for (const Tensor& t : s.reference().top().constants)
        for (const Value& v : *t.data)
            text += v.str() + " ";
    return text;
}

/// Everything that decides what a candidate's measures are.
std::string setup_of(const Generator& g, const std::map<std::string, ParameterValue>& values,
                     const Exploration& e, const Options& o) {
    std::string setup = fmt::format("{} {} vary {}, algorithm {}", g.name, settings_text(values),
                                    fmt::join(o.vary, " "), exploring::fingerprint(text_of(e.schedule)));
    for (const std::string& file : e.files)
        setup += fmt::format(", {} {}", file, exploring::fingerprint_of_file(file));
    return setup;
}

void check(const Options& o) {
    if (!std::isfinite(o.search.loss) || o.search.loss < 0)
        fail({}, "--loss is {}: write a number of points, 0 or more", o.search.loss);
    check_outputs({{"--store", o.store, false}, {"--csv", o.csv}, {"--json", o.json}, {"--plot", o.plot}});
}

void explore(const Options& o, const std::vector<Generator>& generators) {
    const Generator& g = find(generators, o.generator);
    check(o);
    const std::map<std::string, ParameterValue> values = parameter_values(g, o.settings);
    const Exploration e = exploration_of(g, GeneratorArguments(values, Target::host()));
    if (!e.score && !o.by_cost)
        fail({},
             "{} has no score, so there is no accuracy to search by: --by-cost compares bits and estimated "
             "hardware",
             g.name);
    std::vector<Variation> vary;
    for (const std::string& text : o.vary)
        vary.push_back(read_variation(text, e.groups));
    if (vary.empty()) fail({}, "nothing varies: --vary NAME=TYPE|TYPE|…");
    check_apart(vary);
    SearchOptions options = o.search;
    options.kind = o.kind == "grid"     ? SearchKind::grid
                   : o.kind == "greedy" ? SearchKind::greedy
                                        : SearchKind::budgeted;
    const exploring::Schema schema = type_schema(vary);
    exploring::Store store(o.store, setup_of(g, values, e, o), schema);
    if (store.found_before() > 0) std::cout << store.found_before() << " candidates are known from before\n";
    const std::vector<Candidate> all = search(e, vary, options, store), front = pareto_front(all);
    show(vary, front);
    std::cout << fmt::format("{} candidates, {} of them on the front\n", all.size(), front.size());
    if (!o.csv.empty()) write_file(o.csv, csv(schema, rows_of(all)));
    if (!o.json.empty())
        write_file(o.json, nlohmann::ordered_json{{"generator", g.name},
                                                  {"front", json(schema, rows_of(front))},
                                                  {"all", json(schema, rows_of(all))}}
                                   .dump(1) +
                               "\n");
    if (!o.plot.empty()) write_file(o.plot, svg(plot_of(g.name, all, front)));
}

} // namespace

int explore_main(int argc, const char* const* argv, const std::vector<Generator>& generators) {
    const auto is_macro = [](std::string_view a) { return a == "--macro" || a.starts_with("--macro="); };
    if (std::any_of(argv, argv + argc, is_macro))
        return explore_macro_main(argc, argv, generators, board_model);
    Options o;
    CLI::App app{"Searches over the number types of a generator's tensors: accuracy against bits and "
                 "estimated hardware. For the designs of a macro: --macro stencil --help."};
    app.add_option("generator", o.generator, "the generator")->required();
    app.add_option("settings", o.settings, "its parameters, as NAME=VALUE");
    app.add_option(
           "--vary", o.vary,
           "a group of tensors and its types: 'w=Fixed(8, 6)|Fixed(6, 4)' or 'w=Fixed(i, i-2):i=8..2'")
        ->allow_extra_args(false);
    app.add_option("--search", o.kind)
        ->check(CLI::IsMember({"grid", "greedy", "budgeted"}))
        ->capture_default_str();
    app.add_option("--budget", o.search.budget, "candidates of a budgeted search")
        ->check(CLI::Range(2, 1000000))
        ->capture_default_str();
    app.add_option("--loss", o.search.loss, "greedy: points of accuracy that may be lost")
        ->capture_default_str();
    app.add_option("--seed", o.search.seed, "of a budgeted search")->capture_default_str();
    app.add_option("--store", o.store, "file of results: a search that was stopped goes on from there");
    app.add_option("--csv", o.csv, "write every candidate");
    app.add_option("--json", o.json, "write the front and every candidate");
    app.add_option("--plot", o.plot, "write accuracy against bits as SVG");
    app.add_flag("--by-cost", o.by_cost, "without a score: costs alone");
    app.add_flag("--quiet", o.search.quiet, "no progress");
    return run_command(app, argc, argv, [&] { explore(o, generators); });
}

} // namespace lathe
