module reverse

go 1.24.0
