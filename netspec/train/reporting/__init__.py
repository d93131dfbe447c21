"""What a run tells: lines, records, pictures, tables. It reads runs and trains nothing."""
