mod runner;
mod sandbox;
