fn main() {
    let folder = std::env::args().nth(1).unwrap_or_default();
    let only = std::env::args().nth(2).unwrap_or_default();
    match plant::load(std::path::Path::new(&folder), &station::kinds::blocks(), &station::kinds::Drivers) {
        Err((sources, problems)) => println!("{}", problems.render(&sources)),
        Ok(plant) => {
            let mut files: Vec<_> = std::fs::read_dir(std::path::Path::new(&folder).join("scenarios")).unwrap().flatten().map(|e| e.path()).collect();
            files.sort();
            let mut reports = vec![];
            for f in files {
                let name = f.file_stem().unwrap().to_string_lossy().to_string();
                if !name.starts_with(&only) { continue; }
                let s = station::scenario::read(&f).unwrap_or_else(|e| panic!("{e}"));
                match station::scenario::run(&plant, &s, &name, |_| {}) { Ok(r) => reports.push(r), Err(e) => println!("{e}") }
            }
            println!("{}", station::report::table(&reports));
        }
    }
}
