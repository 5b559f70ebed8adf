export { type Dashboard, type DashboardEvents, type DashboardOptions, dashboard } from './dashboard.ts'
export { type DashboardPage, type DashboardPageOptions, dashboardPage } from './dashboard-page.ts'
